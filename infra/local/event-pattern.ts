import type { Properties } from "./template.ts"

/**
 * Which events a rule is about: each field that its pattern names must be one of the literals there, or an array that holds one of
 * them. Throws for what else EventBridge knows: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 */
export function readPattern(pattern: unknown): (value: unknown) => boolean {
  if (Array.isArray(pattern)) {
    if (pattern.length === 0 || pattern.some((one) => typeof one === "object" && one !== null)) throw unknown(pattern)
    return (value) => [value].flat().some((one) => pattern.includes(one))
  }
  if (typeof pattern !== "object" || pattern === null || "$or" in pattern) throw unknown(pattern)
  const fields = Object.entries(pattern).map(([name, inner]) => [name, readPattern(inner)] as const)
  if (fields.length === 0) throw unknown(pattern)
  return (value) =>
    [value].flat().some((one) => fields.every(([name, matches]) => matches((one as Properties | undefined)?.[name])))
}

const unknown = (pattern: unknown) =>
  new Error(`the local run knows event patterns of lists of literals only, not ${JSON.stringify(pattern)}`)
