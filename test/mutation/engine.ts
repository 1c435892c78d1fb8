import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { buildFunctions } from "../../infra/build.ts"
import { startEngine } from "../../infra/local/engine.ts"
import { synthesize } from "../../infra/local/synth.ts"

/** An engine for each of Stryker's workers, and the stage for a stack whose Lambdas run in its thread: what test/global-setup.ts builds besides, nothing here needs. */
export default async function setup(project: TestProject) {
  const engine = await startEngine()
  project.provide("engineEndpoint", engine.endpoint)
  if (process.env.SYMBOLON_MUTATION !== "api") return engine.stop
  const directory = mkdtempSync(join(tmpdir(), "symbolon-mutation-"))
  process.env.CDK_VALIDATION = "false"
  await buildFunctions()
  synthesize("local", join(directory, "local"))
  project.provide("assembly", join(directory, "local"))
  project.provide("usedGrants", join(directory, "used-grants"))
  return async () => {
    await engine.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
