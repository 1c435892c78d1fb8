import { readFileSync } from "node:fs"

/** What npm's lock file (version 3) says of a package. `dev`: needed to build and test alone. */
export interface Locked {
  version?: string
  license?: string
  integrity?: string
  resolved?: string
  dev?: boolean
  /** It comes within the archive of another one, whose hash is its own too. */
  inBundle?: boolean
  link?: boolean
  hasInstallScript?: boolean
}

/** The packages of a lock file, by their path below node_modules; the project itself is left out. */
export function lockedIn(folder: string): [path: string, locked: Locked][] {
  const { packages } = JSON.parse(readFileSync(`${folder}/package-lock.json`, "utf8"))
  return Object.entries<Locked>(packages).filter(([path]) => path !== "")
}

/** The name of the package whose file this is; undefined for a file of ours. */
export const packageOf = (path: string): string | undefined => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
