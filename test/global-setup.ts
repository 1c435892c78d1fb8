import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { buildFunctions } from "../infra/build.ts"
import { startEngine } from "../infra/local/engine.ts"
import { synthesize } from "../infra/local/synth.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** A DynamoDB engine in memory, for all test files: each makes a table of its own. */
    engineEndpoint: string
    /** The synthesized stage `local`. */
    assembly: string
  }
}

/** Builds and synthesizes once, and starts one engine, for the whole run. */
export default async function setup(project: TestProject) {
  // A run within a run: mutants.test.ts lends its engine to the tests that must catch a mutant, which need nothing else.
  const lent = process.env.SYMBOLON_ENGINE_ENDPOINT
  if (lent) {
    project.provide("engineEndpoint", lent)
    return
  }
  await buildFunctions()
  const directory = mkdtempSync(join(tmpdir(), "symbolon-test-"))
  const assembly = join(directory, "cdk.out")
  synthesize("local", assembly)
  const engine = await startEngine()
  project.provide("engineEndpoint", engine.endpoint)
  project.provide("assembly", assembly)
  return async () => {
    await engine.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
