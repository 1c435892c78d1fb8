import type { TestProject } from "vitest/node"
import { startEngine } from "../../infra/local/engine.ts"

/** An engine for each of Stryker's workers: what test/global-setup.ts builds besides, nothing here needs. */
export default async function setup(project: TestProject) {
  const engine = await startEngine()
  project.provide("engineEndpoint", engine.endpoint)
  return engine.stop
}
