import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { lockedIn, packageOf } from "./lock.ts"
import { inConsole } from "./shipped.ts"

/**
 * `npm run audit:check`: what is publicly known of the locked versions. A high or critical advisory of a package that we ship is a failure;
 * of one that only builds and tests it is told. Where nobody can be asked it says so, and is none: a mirror may have no advisories.
 */
const root = join(import.meta.dirname, "../..")
const severities = ["critical", "high", "moderate", "low", "info"] as const

interface Finding {
  name: string
  severity: (typeof severities)[number]
  range?: string
  via?: (string | { title?: string; url?: string })[]
}

export interface Audit {
  lines: string[]
  failed: boolean
}

/** What npm has said (`npm audit --json`), for people. */
export function judge(output: string, shipped: ReadonlySet<string>): Audit {
  const { vulnerabilities, message } = reportIn(output)
  if (!vulnerabilities) return notChecked(message ?? "npm gave no report")
  const findings = Object.values(vulnerabilities)
  const isGrave = ({ name, severity }: Finding) => shipped.has(name) && ["critical", "high"].includes(severity)
  return {
    lines: [
      ...severities.flatMap((severity) => findings.filter((one) => one.severity === severity).map(lineOf)),
      `${findings.length} packages with advisories, ${findings.filter(isGrave).length} of them shipped and high or critical`,
    ],
    failed: findings.some(isGrave),
  }

  function lineOf({ name, severity, range, via = [] }: Finding): string {
    const why = via.map((one) => (typeof one === "string" ? `by ${one}` : `${one.title} ${one.url}`)).join("; ")
    return `${severity}: ${name} ${range ?? ""} (${shipped.has(name) ? "shipped" : "not shipped"}): ${why}`
  }
}

/** One line: npm's message may go on for many. */
export const notChecked = (why: string): Audit => ({ lines: [`not checked: ${why.split("\n")[0]}`], failed: false })

function reportIn(output: string): { vulnerabilities?: Record<string, Finding>; message?: string } {
  try {
    return JSON.parse(output)
  } catch {
    return {}
  }
}

/** What production needs by the lock file, and what the console's files are made of. */
const shippedNames = (): Set<string> =>
  new Set([...lockedIn(root).flatMap(([path, { dev }]) => (dev ? [] : (packageOf(path) ?? []))), ...inConsole])

if (import.meta.main) {
  const seconds = 60
  const args = [
    "audit",
    "--json",
    "--package-lock-only",
    "--fetch-retries=0",
    "--no-update-notifier",
    "--loglevel=silent",
  ]
  const { stdout, error } = spawnSync("npm", args, { cwd: root, encoding: "utf8", timeout: seconds * 1000 })
  const late = error && "code" in error && error.code === "ETIMEDOUT"
  const audit = error
    ? notChecked(late ? `no answer within ${seconds} s` : error.message)
    : judge(stdout, shippedNames())
  console.log(audit.lines.join("\n"))
  process.exitCode = audit.failed ? 1 : 0
}
