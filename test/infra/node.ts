import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { freePort, isFree } from "../../infra/local/engine.ts"

export const root = `${join(import.meta.dirname, "../..")}/`

export interface Ended {
  status: number | null
  stdout: string
  stderr: string
}

export interface Running {
  child: ChildProcess
  /** What it has written so far. */
  stdout: () => string
  ended: Promise<Ended>
}

/** A node process of this test's own Node, in the project's folder. Whoever starts one ends it. */
export function startNode(args: string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env } })
  const texts = { stdout: "", stderr: "" }
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text) => {
      texts[name] += text
    })
  const ended = once(child, "close").then(([status]) => ({ status, ...texts }))
  return { child, stdout: () => texts.stdout, ended }
}

/** The first of two in a row, free a moment ago: of `npm start`, and of its issuer. */
export async function freePorts(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (await isFree(port + 1)) return port
  }
}
