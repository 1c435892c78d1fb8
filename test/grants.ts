import { readFileSync } from "node:fs"
import { readRoles } from "../infra/local/iam.ts"
import { Assembly } from "../infra/local/template.ts"

/** What a role of the assembly allows and no line of the file, which all test stacks write, says was needed. */
export function unusedGrants(assembly: string, usedGrants: string): string[] {
  const used = new Set(readFileSync(usedGrants, "utf8").split("\n"))
  const granted = [...readRoles(new Assembly(assembly)).values()].flatMap((role) => role.granted)
  return granted.filter((grant) => !used.has(grant)).sort()
}
