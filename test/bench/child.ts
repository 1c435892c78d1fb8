import { spawn } from "node:child_process"
import { join } from "node:path"
import { endWithUs } from "./lab.ts"

/** Runs one of processes/ to its end. Answers what it told on descriptor 3, as JSON, and when it was started. Throws when it told nothing. */
export async function toldBy<T>(file: string, env: Record<string, string>): Promise<{ told: T; startedAt: bigint }> {
  const startedAt = process.hrtime.bigint()
  const child = spawn(process.execPath, [join(import.meta.dirname, "processes", file)], {
    env,
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  })
  endWithUs(child)
  let text = ""
  child.stdio[3]?.on("data", (chunk) => {
    text += chunk
  })
  await new Promise((resolve) => child.once("close", resolve))
  if (text === "") throw new Error(`${file} came to no end with ${env.SUBJECT ?? env.SUBJECTS}`)
  return { told: JSON.parse(text) as T, startedAt }
}
