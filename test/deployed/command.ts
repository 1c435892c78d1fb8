import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Inside } from "./stack.ts"

export const root = join(import.meta.dirname, "../..")

export interface Ran {
  status: number | null
  stdout: string
  /** Both streams, as they came. */
  text: string
}

/** Runs a command as ops would, with this environment and no other. Throws when it ends with another status. */
export async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  expected = 0,
  cwd = root,
): Promise<Ran> {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] })
  const ran = { stdout: "", text: "" }
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text) => {
      if (name === "stdout") ran.stdout += text
      ran.text += text
    })
  const [status] = (await once(child, "close")) as [number | null]
  if (status !== expected)
    throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${ran.text.slice(-4000)}`)
  return { status, ...ran }
}

/** `npm run deploy`, which nobody is there to approve. Its assembly goes where the emulator's files are. */
export const deploy = (
  { environment, directory }: Pick<Inside, "environment" | "directory">,
  stageName: string,
  { status = 0, cwd = root }: { status?: number; cwd?: string } = {},
): Promise<Ran> => {
  // Without the alarms, which the emulator refuses: see differences.ts.
  const options = `--require-approval never -c alarms=false -c console=false --output ${join(directory, "cdk.out")}`
  return run("npm", ["run", "deploy", "--", "--stage", stageName, ...options.split(" ")], environment, status, cwd)
}

/** A copy of the project, to deploy a change of it from. */
export function changedProject({ directory }: Pick<Inside, "directory">): string {
  const project = mkdtempSync(join(directory, "changed-"))
  for (const part of ["infra", "functions", "shared", "console", "docs", "cdk.json", "package.json", "tsconfig.json"])
    cpSync(join(root, part), join(project, part), { recursive: true })
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"))
  return project
}

export function edit(file: string, from: string, to: string): void {
  const text = readFileSync(file, "utf8")
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
  writeFileSync(file, text.replaceAll(from, to))
}
