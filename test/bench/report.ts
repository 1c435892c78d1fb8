import { rounded } from "./measure.ts"
import { type Figure, meets, type Outcome, type Row } from "./scenario.ts"

/** An outcome as Markdown, which is as good to read in a terminal. */
export function print(outcome: Outcome): void {
  for (const { caption, rows } of outcome.tables) console.log(`${caption ? `${caption}\n\n` : ""}${tableOf(rows)}\n`)
  printFigures(outcome)
  for (const what of outcome.missing ?? []) console.log(`Not measured: ${what}\n`)
}

export const printFigures = ({ figures }: Outcome): void => console.log(`${tableOf(figures.map(rowOf))}\n`)

export function rowOf(figure: Figure): Row {
  const sign = figure.atLeast ? "≥" : "≤"
  const bar = (of: number | undefined) =>
    of === undefined ? "" : `${sign} ${rounded(of)} ${meets(figure, of) ? "✓" : "✗"}`
  return { figure: figure.what, value: rounded(figure.value), gate: bar(figure.gate), aim: bar(figure.aim) }
}

/** Rows as a table whose columns line up; numbers to the right. */
export function tableOf(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cells = rows.map((row) => columns.map((column) => textOf(row[column])))
  const isNumeric = columns.map((column) => rows.some((row) => typeof row[column] === "number"))
  const widths = columns.map((column, at) => Math.max(3, column.length, ...cells.map((line) => line[at]?.length ?? 0)))
  const lineOf = (line: readonly string[]) =>
    `| ${line.map((cell, at) => (isNumeric[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join(" | ")} |`
  const rule = `|${widths.map((width, at) => `${"-".repeat(width + 1)}${isNumeric[at] ? ":" : "-"}`).join("|")}|`
  return [lineOf(columns), rule, ...cells.map(lineOf)].join("\n")
}

const textOf = (value: string | number | undefined): string =>
  typeof value === "number" ? value.toLocaleString("en-US", { maximumFractionDigits: 4 }) : (value ?? "")
