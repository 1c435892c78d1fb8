import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import type { TestProject } from "vitest/node"
import { buildFunctions } from "../infra/build.ts"
import { buildConsole } from "../infra/build-console.ts"
import { startEngine } from "../infra/local/engine.ts"
import { synthesize } from "../infra/local/synth.ts"
import { stages } from "../infra/stage.ts"
import { unusedGrants } from "./grants.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** A DynamoDB engine in memory, for all test files: each makes a table of its own. */
    engineEndpoint: string
    /** The synthesized stage `local`. */
    assembly: string
    /** Every stage, synthesized, by its name. */
    assemblies: Record<string, string>
    /** A file to which each stack appends the grants that it used, a line each. */
    usedGrants: string
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
  await Promise.all([buildFunctions(), buildConsole(), buildPackage()])
  const directory = mkdtempSync(join(tmpdir(), "symbolon-test-"))
  // CDK's own validation is three quarters of the time of a synthesis, and CI's, in `cdk synth`.
  process.env.CDK_VALIDATION = "false"
  // Of the processes that tests start, a hundred and more of the same few commands.
  process.env.NODE_COMPILE_CACHE = join(directory, "compiled")
  const assemblies = Object.fromEntries(Object.keys(stages).map((stage) => [stage, join(directory, stage)]))
  for (const [stage, outdir] of Object.entries(assemblies)) synthesize(stage, outdir)
  const assembly = assemblies.local as string
  const engine = await startEngine()
  project.provide("engineEndpoint", engine.endpoint)
  project.provide("assembly", assembly)
  project.provide("assemblies", assemblies)
  const usedGrants = join(directory, "used-grants")
  writeFileSync(usedGrants, "")
  project.provide("usedGrants", usedGrants)
  return async () => {
    const unused = isWholeAndPassed(project) ? unusedGrants(assembly, usedGrants) : []
    await engine.stop()
    rmSync(directory, { recursive: true, force: true })
    if (unused.length === 0) return
    process.exitCode = 1
    console.error(`\nGrants that no test used: narrow the rows, or test what needs them.\n  ${unused.join("\n  ")}\n`)
  }
}

/** `npm run build:package`, for the tests that use it as another team would. */
const buildPackage = () =>
  promisify(execFile)(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.package.json"], {
    cwd: join(import.meta.dirname, ".."),
  })

/** Of a part of the suite, however it was chosen, and of one that failed, the unused grants say nothing. */
function isWholeAndPassed({ vitest }: TestProject): boolean {
  const modules = vitest.state.getTestModules()
  const passed = new Set(modules.filter((module) => module.state() === "passed").map(({ moduleId }) => moduleId))
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
    // The mutants are a run of their own, in which nothing of the stack runs.
    .filter((file) => file.endsWith(".test.ts") && file !== "mutants.test.ts" && !file.includes("node_modules"))
    .map((file) => join(import.meta.dirname, file).replaceAll("\\", "/"))
  return vitest.config.testNamePattern === undefined && files.every((file) => passed.has(file))
}
