import { Stryker } from "@stryker-mutator/core"
import { startEngine } from "../../infra/local/engine.ts"

/**
 * `npm run test:mutation`, M1: Stryker as stryker.config.mjs says. `-- rest` takes the other set. The report is
 * `reports/mutation/critical.html`.
 */
const [set = "critical"] = process.argv.slice(2)
process.env.SYMBOLON_MUTATION = set

// One for all of its processes, as for mutants.test.ts: they end when a mutant hangs.
const engine = await startEngine()
process.env.SYMBOLON_ENGINE_ENDPOINT = engine.endpoint
try {
  await new Stryker({}).runMutationTest()
} finally {
  await engine.stop()
}
