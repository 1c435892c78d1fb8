import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { draw } from "./chart.ts"
import { rowOf, tableOf } from "./report.ts"
import type { Outcome, Scenario } from "./scenario.ts"

const docs = join(import.meta.dirname, "../../docs")
const page = join(docs, "performance.md")

/** Puts each scenario's tables between its two marks in docs/performance.md, as they are printed, and draws the charts. */
export function writeDocs(machine: string, results: readonly { scenario: Scenario; outcome: Outcome }[]): void {
  let text = within(readFileSync(page, "utf8"), "machine", machine)
  for (const { scenario, outcome } of results) text = within(text, scenario.id, sectionOf(scenario, outcome))
  writeFileSync(page, text)
  mkdirSync(join(docs, "performance"), { recursive: true })
  for (const { outcome } of results)
    if (outcome.chart) writeFileSync(join(docs, "performance", outcome.chart.file), draw(outcome.chart))
}

function sectionOf({ about }: Scenario, { tables, figures, chart, missing = [] }: Outcome): string {
  return [
    about,
    ...(chart ? [`![${chart.title}](performance/${chart.file})`] : []),
    ...tables.flatMap(({ caption, rows }) => [...(caption ? [caption] : []), tableOf(rows)]),
    tableOf(figures.map(rowOf)),
    ...missing.map((what) => `Not measured: ${what}`),
  ].join("\n\n")
}

function within(text: string, mark: string, content: string): string {
  const [before, rest] = text.split(`<!-- bench:${mark} -->\n`)
  const after = rest?.split(`<!-- /bench:${mark} -->\n`)[1]
  if (after === undefined) throw new Error(`docs/performance.md has no marks for ${mark}`)
  return `${before}<!-- bench:${mark} -->\n${content}\n<!-- /bench:${mark} -->\n${after}`
}
