import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"

/** Where they are kept, unless a test says otherwise. */
export const installations = join(import.meta.dirname, "../node_modules/.cache/symbolon")

interface Wanted {
  /** Of the virtual environment. */
  name: string
  /** A list of requirements: pinned, and whole. */
  requirements: string
  /** The least minor version of Python 3. */
  minor: number
  directory?: string
  /** What it says before it installs. */
  says: string
  /** What it throws where there is no such Python. */
  missing: string
}

/** The Python of a virtual environment that has it; made once for each list of requirements. */
export function pythonWith({ name, requirements, minor, directory = installations, says, missing }: Wanted): string {
  const version = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12)
  const environment = join(directory, `${name}-${version}`)
  const python = join(environment, "bin/python")
  if (existsSync(python)) return python
  const system = ["python3", "python"].find((command) => isPython(command, minor))
  if (!system) throw new Error(missing)
  console.log(`symbolon: ${says}`)
  // Under another name until it is whole, so that an interrupted installation is not taken for one.
  const partial = `${environment}.partial`
  rmSync(partial, { recursive: true, force: true })
  const run = (command: string, args: string[]) => execFileSync(command, args, { stdio: ["ignore", "pipe", "inherit"] })
  run(system, ["-m", "venv", "--copies", partial])
  run(join(partial, "bin/python"), [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"],
    ...["--requirement", requirements],
  ])
  renameSync(partial, environment)
  return python
}

function isPython(command: string, minor: number): boolean {
  try {
    execFileSync(command, ["-c", `import sys, venv, ensurepip; assert sys.version_info >= (3, ${minor})`], {
      stdio: "ignore",
    })
    return true
  } catch {
    return false
  }
}
