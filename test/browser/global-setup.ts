import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { until } from "../infra/local/fixture.ts"
import { startNode } from "../infra/node.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the console is served: http://127.0.0.1:4100 */
    console: string
    /** The first administrator's token, for what a test wants to see of the API. */
    consoleAdminToken: string
    /** What the local run has logged, in files. */
    consoleLogs: string
  }
}

/** With the port after it, of the issuer. */
const port = 4100

/** Starts the local run with its demo data, in a folder of its own, for all test files. */
export default async function setup(project: TestProject) {
  const directory = mkdtempSync(join(tmpdir(), "symbolon-browser-"))
  const running = startNode(["--import", "./infra/require-node.mjs", "infra/local/start.ts", "--demo"], {
    SYMBOLON_LOCAL: directory,
    PORT: String(port),
  })
  let hasEnded = false
  void running.ended.then(() => {
    hasEnded = true
  })
  await until(() => hasEnded || running.stdout().includes("Symbolon is ready"), 90_000)
  if (hasEnded) throw new Error(`npm start has ended: ${JSON.stringify(await running.ended)}`)
  project.provide("console", `http://127.0.0.1:${port}`)
  project.provide(
    "consoleAdminToken",
    /^SYMBOLON_TOKEN=(\S+)$/m.exec(readFileSync(join(directory, "admin.env"), "utf8"))?.[1] as string,
  )
  project.provide("consoleLogs", join(directory, "logs"))
  return async () => {
    running.child.kill("SIGINT")
    await running.ended
    rmSync(directory, { recursive: true, force: true })
  }
}
