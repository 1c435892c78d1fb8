import { mkdirSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { buildFunctions } from "../../infra/build.ts"
import { writeDocs } from "./docs.ts"
import { type Lab, openLab } from "./lab.ts"
import { installPeers } from "./peers.ts"
import { print, printFigures } from "./report.ts"
import { missedGates, type Options, type Outcome, type Scenario } from "./scenario.ts"
import { scenarios } from "./scenarios.ts"

/**
 * `npm run bench`: all of B0 to B9 (the authorizer), E1 and E2 (the endpoints), or `-- B1 E2` some. Prints tables and ratios, and
 * writes them to reports/bench.json. With `--gate` a missed gate ends it with 1, after one retry; `--quick` takes a fifth of the
 * rounds, for a look; `--docs` puts the tables into docs/performance.md as they are printed, and draws its charts.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { gate: { type: "boolean" }, quick: { type: "boolean" }, docs: { type: "boolean" } },
})

const unknown = positionals.filter((id) => !scenarios.some((scenario) => scenario.id === id))
if (unknown.length > 0) {
  console.error(`there is no ${unknown.join(", ")}: choose of ${scenarios.map(({ id }) => id).join(" ")}`)
  process.exit(2)
}
const chosen = scenarios.filter(({ id }) => positionals.length === 0 || positionals.includes(id))

const machine = `${cpus().length} × ${cpus()[0]?.model}, Linux ${process.arch}, Node ${process.version}`

installPeers()
await buildFunctions()
let opened: Promise<Lab> | undefined
const options: Options = {
  lab: () => {
    opened ??= openLab()
    return opened
  },
  rounds: (usual) => (values.quick ? Math.max(3, Math.round(usual / 5)) : usual),
  isQuick: values.quick === true,
}

const results: { scenario: Scenario; outcome: Outcome }[] = []
console.log(`${machine}\n`)
for (const scenario of chosen) {
  console.log(`## ${scenario.id}: ${scenario.title}\n\n${scenario.about}\n`)
  let outcome = await scenario.run(options)
  if (values.gate && missedGates(outcome).length > 0) {
    printFigures(outcome)
    console.log("A gate is missed: once more.\n")
    outcome = await scenario.run(options)
  }
  print(outcome)
  results.push({ scenario, outcome })
}
await opened?.then((lab) => lab.stop())

const reports = join(import.meta.dirname, "../../reports")
mkdirSync(reports, { recursive: true })
const told = results.map(({ scenario: { id, title, about }, outcome }) => ({ id, title, about, ...outcome }))
writeFileSync(join(reports, "bench.json"), `${JSON.stringify({ machine, at: new Date(), scenarios: told }, null, 2)}\n`)
if (values.docs) {
  writeDocs(machine, results)
}

const missed = results.flatMap(({ scenario, outcome }) =>
  missedGates(outcome).map(({ what }) => `${scenario.id}: ${what}`),
)
console.log(missed.length === 0 ? "Every gate holds." : `Missed: ${missed.join("; ")}`)
process.exit(values.gate && missed.length > 0 ? 1 : 0)
