import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import type { LongResult } from "../rounds.ts"
import { minutes } from "./size.ts"
import { type FileReport, longTable } from "./table.ts"

/**
 * `npm run test:ci`, `npm run test:long`: the test files that have sizes, in this one; all else is the same in any size, and has run in
 * `npm test`. Names of files and options of vitest may follow.
 */
const [size, ...rest] = process.argv.slice(2) as ["ci" | "long", ...string[]]
const root = join(import.meta.dirname, "../..")
const reports = join(root, "reports")
const loops = join(reports, "long.jsonl")
const report = join(reports, "long-files.json")

const sized = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => `test/${file.replaceAll("\\", "/")}`)
  .filter((file) =>
    /^import \{[^}]*\b(rounds|runs|many)\b[^}]*\} from ".*\/rounds\.ts"/m.test(readFileSync(join(root, file), "utf8")),
  )
  .sort()
const named = rest.filter((argument) => !argument.startsWith("-"))
const options = rest.filter((argument) => argument.startsWith("-"))

const started = performance.now()
mkdirSync(reports, { recursive: true })
for (const file of [loops, report]) rmSync(file, { force: true })
const long = size === "long"
const child = spawn(
  process.execPath,
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    ...sized.filter((file) => named.length === 0 || named.some((name) => file.includes(name))),
    ...(long ? ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`] : []),
    ...options,
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, SYMBOLON_SIZE: size, ...(long && { SYMBOLON_LONG_RESULTS: loops }) },
  },
)
const [code] = (await once(child, "exit")) as [number | null]
process.exitCode = code ?? 1

if (long) {
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as { testResults: FileReport[] }
  const results = readFileSync(loops, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as LongResult)
  const files = testResults.map(({ name, ...file }) => ({ ...file, name: name.slice(root.length + 1) }))
  const taken = Math.round((performance.now() - started) / 60_000)
  const command = `SYMBOLON_MINUTES=${minutes} npm run test:long`
  const today = new Date().toISOString().slice(0, 10)
  const heading = `\`${command}\`, on ${today}, ${availableParallelism()} cores, ${taken} minutes. A row is a loop; its other tests are not in it.`
  const table = `${heading}\n\n${longTable(files, results)}`
  writeFileSync(join(reports, "long.json"), `${JSON.stringify({ passed: code === 0, results, files }, undefined, 2)}\n`)
  for (const file of [loops, report]) rmSync(file, { force: true })
  console.log(`\n${table}`)
  // Only a whole run, that has passed, is worth a place in the documentation.
  if (code === 0 && rest.length === 0) {
    const page = join(root, "docs/reliability.md")
    const text = readFileSync(page, "utf8")
    writeFileSync(
      page,
      text.replace(/(<!-- long -->\n)[\s\S]*(<!-- \/long -->)/, (_, from, to) => `${from}${table}\n${to}`),
    )
  }
}
