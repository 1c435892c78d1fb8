import type { AuditEvent } from "../../shared/contract/objects.ts"

interface Change {
  field: string
  before: string | undefined
  after: string | undefined
}

/** What an event changed, field by field: absent before is new, absent after is gone. */
export const changesOf = ({ before, after }: Pick<AuditEvent, "before" | "after">): Change[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().map((field) => ({
    field,
    before: shown(before[field]),
    after: shown(after[field]),
  }))

function shown(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (value === null) return "none"
  if (Array.isArray(value)) return value.map(shown).join(", ") || "none"
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}
