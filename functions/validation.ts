import * as z from "zod/mini"
import { invalid, type ValidationError } from "../shared/contract/problems.ts"

/** The parsed value; throws 422 with every error, none of which repeats anything of the request. */
export function parsed<T extends z.ZodMiniType>(schema: T, value: unknown): z.output<T> {
  const result = z.safeParse(schema, value)
  if (result.success) return result.data
  throw invalid(...result.error.issues.map((issue) => describe(issue, schema, value)))
}

/** What zod says when a check has no message of ours. */
const unworded = "Invalid input"

function describe(issue: z.core.$ZodIssue, schema: z.ZodMiniType, value: unknown): ValidationError {
  const path = issue.path.map(String)
  // An unknown field is reported at its parent, for its name came from the request.
  return {
    pointer: path.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join(""),
    detail: detail(),
  }

  function detail(): string {
    if (issue.code === "unrecognized_keys") return `has an unknown field; known here: ${knownFields(schema, path)}`
    if (issue.message !== unworded) return issue.message
    if (at(value, path) === undefined) return "is required"
    if (issue.code === "invalid_type") return `must be of type ${issue.expected}`
    if (issue.code === "invalid_value") return `must be one of ${issue.values.join(", ")}`
    return "is not valid"
  }
}

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value)

function knownFields(schema: z.ZodMiniType, path: readonly string[]): string {
  const shape = path.length === 0 && schema instanceof z.ZodMiniObject ? schema.shape : {}
  return Object.keys(shape).join(", ") || "none"
}
