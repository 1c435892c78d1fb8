import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { startDemo } from "./demo-run.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the console is served. */
    console: string
    /** The first administrator's token, for what a test wants to see of the API. */
    consoleAdminToken: string
    /** What the local run has logged, in files. */
    consoleLogs: string
  }
}

/** Starts the local run with its demo data, for all test files. */
export default async function setup(project: TestProject) {
  const { origin, directory, stop } = await startDemo()
  project.provide("console", origin)
  project.provide(
    "consoleAdminToken",
    /^SYMBOLON_TOKEN=(\S+)$/m.exec(readFileSync(join(directory, "admin.env"), "utf8"))?.[1] as string,
  )
  project.provide("consoleLogs", join(directory, "logs"))
  return stop
}
