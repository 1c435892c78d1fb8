import { readdirSync } from "node:fs"
import type { Worker } from "node:worker_threads"
import { adminTokenEvent } from "../../infra/commands/proof.ts"
import { startStack } from "../../infra/local/stack.ts"
import { jobRows } from "../../shared/contract/jobs.ts"

/**
 * The local stack in a process of its own, for the soak: `node --expose-gc soak-stack.ts <assembly> <directory>`. Tells its parent
 * where it serves, then what it holds whenever it is asked, and stops at the end of the channel.
 */
export interface Sample {
  /** Of the process's own isolate, in bytes, after a collection. */
  heapUsed: number
  /** Of the Lambdas' isolates together, as they are: nobody can collect there from outside. */
  lambdaHeapUsed: number
  rss: number
  descriptors: number
  workers: number
}
export type Told =
  | { ready: { url: string; adminToken: string } }
  | { sample: Sample }
  | { integrity: unknown }
  | { failed: string }
export type Asked = "sample" | "check-integrity" | "stop"

const [assembly = "", directory = ""] = process.argv.slice(2)
const tell = (told: Told) => process.send?.(told)
const workers = new Set<Worker>()
process.on("worker", (worker) => {
  workers.add(worker)
  worker.once("exit", () => workers.delete(worker))
})

const stack = await startStack({ assembly, stageName: "local", directory, port: 0 })
const stop = () => void stack.stop().then(() => process.exit(0))
process.once("disconnect", stop)
const email = "admin@example.com"
await stack.runJob("create-first-admin", { email })
const { bearer_token: adminToken } = (await stack.runJob(
  "issue-admin-token",
  await adminTokenEvent(stack.operator, email),
)) as { bearer_token: string }
// Those of a schedule would start in the middle of the measurement, each with a worker and its descriptors.
for (const [key, { source }] of jobRows)
  if (typeof source === "object" && "everyMinutes" in source && key !== "sync-user-pool") await stack.runJob(key, {})

process.on("message", async (asked: Asked) => {
  if (asked === "stop") process.disconnect()
  else
    try {
      tell(asked === "sample" ? { sample: await sample() } : { integrity: await stack.runJob("check-integrity", {}) })
    } catch (error) {
      tell({ failed: error instanceof Error ? error.message : String(error) })
    }
})
tell({ ready: { url: stack.url, adminToken } })

async function sample(): Promise<Sample> {
  // Twice: what the first finds finalizable, the second frees.
  for (let n = 0; n < 2; n++) {
    globalThis.gc?.()
    await new Promise(setImmediate)
  }
  const heaps = await Promise.all([...workers].map((worker) => worker.getHeapStatistics()))
  return {
    heapUsed: process.memoryUsage().heapUsed,
    lambdaHeapUsed: heaps.reduce((sum, heap) => sum + heap.used_heap_size, 0),
    rss: process.memoryUsage.rss(),
    // Linux lists them; elsewhere they are not counted.
    descriptors: process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0,
    workers: workers.size,
  }
}
