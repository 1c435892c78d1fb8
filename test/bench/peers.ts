import { execFileSync } from "node:child_process"
import { existsSync, statSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/** Who is measured beside us: packages in a folder of their own, at the versions of its lock file. Nothing of the product sees them. */
const folder = join(import.meta.dirname, "peers")
const require = createRequire(join(folder, "package.json"))

/** Installs them, when they aren't as their lock file says. */
export function installPeers(): void {
  const [lock, installed] = ["package-lock.json", "node_modules/.package-lock.json"].map((file) => join(folder, file))
  if (existsSync(installed as string) && statSync(installed as string).mtimeMs >= statSync(lock as string).mtimeMs)
    return
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder, stdio: ["ignore", 2, 2] })
}

/** A package of theirs, in this process. */
export const fromPeers = async <T>(name: string): Promise<T> => import(pathToFileURL(require.resolve(name)).href)

/** A file of ours that uses them, in this process. */
export const subject = async <T>(name: string): Promise<T> =>
  import(pathToFileURL(join(folder, "subjects", `${name}.mjs`)).href)
