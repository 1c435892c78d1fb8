import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { until } from "../infra/local/fixture.ts"
import { freePorts, startNode } from "../infra/node.ts"

interface DemoRun {
  /** Where the console is served: http://127.0.0.1:4100 */
  origin: string
  /** What it keeps: data, secrets, logs. It goes with the run. */
  directory: string
  stop: () => Promise<void>
}

/** `npm start -- --demo`, in a folder and at ports of its own. */
export async function startDemo(): Promise<DemoRun> {
  const directory = mkdtempSync(join(tmpdir(), "symbolon-browser-"))
  const port = await freePorts()
  const running = startNode(["--import", "./infra/require-node.mjs", "infra/local/start.ts", "--demo"], {
    SYMBOLON_LOCAL: directory,
    PORT: String(port),
  })
  const stop = async () => {
    running.child.kill("SIGINT")
    await running.ended
    rmSync(directory, { recursive: true, force: true })
  }
  let hasEnded = false
  void running.ended.then(() => {
    hasEnded = true
  })
  try {
    await until(() => hasEnded || running.stdout().includes("Symbolon is ready"), 90_000)
    if (hasEnded) throw new Error(`npm start has ended: ${JSON.stringify(await running.ended)}`)
  } catch (error) {
    await stop()
    throw error
  }
  return { origin: `http://127.0.0.1:${port}`, directory, stop }
}
