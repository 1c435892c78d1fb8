import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { buildFunctions } from "../../infra/build.ts"
import { startEngine } from "../../infra/local/engine.ts"
import { synthesize } from "../../infra/local/synth.ts"

/**
 * What test/global-setup.ts builds, as far as it is needed here: an engine for each of Stryker's workers; and for the tests over HTTP the stage, first, since a
 * build that fails must leave no engine behind.
 */
export default async function setup(project: TestProject) {
  const removeStage = process.env.SYMBOLON_MUTATION === "api" ? await makeStage(project) : () => {}
  const engine = await startEngine()
  project.provide("engineEndpoint", engine.endpoint)
  return async () => {
    await engine.stop()
    removeStage()
  }
}

async function makeStage(project: TestProject): Promise<() => void> {
  const directory = mkdtempSync(join(tmpdir(), "symbolon-mutation-"))
  process.env.CDK_VALIDATION = "false"
  await buildFunctions()
  synthesize("local", join(directory, "local"))
  project.provide("assembly", join(directory, "local"))
  project.provide("usedGrants", join(directory, "used-grants"))
  return () => rmSync(directory, { recursive: true, force: true })
}
