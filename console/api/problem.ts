import { ApiProblem } from "../../shared/contract/client.ts"
import { type ProblemCode, problems } from "../../shared/contract/problems.ts"

export interface Explanation {
  title: string
  detail: string
  /** The request id, by which an administrator finds it in the log. */
  instance?: string
}

/** The last part of a problem's type: `token-name-taken`. */
const codeOf = (error: unknown): string | undefined =>
  error instanceof ApiProblem ? error.problem.type.split("/").at(-1) : undefined

export const isProblem = (error: unknown, code: ProblemCode): boolean => codeOf(error) === code

/**
 * The request may have been carried out all the same: its answer was lost, or is a fault of the API. A refusal, below 500, has
 * changed nothing.
 */
export const isUncertain = (error: unknown): boolean => !(error instanceof ApiProblem) || error.status >= 500

/** Something between this page and the issuer: it refuses, can't be reached, or its window was closed. The message is for whoever signs in. */
export class IssuerProblem extends Error {
  override name = "IssuerProblem"
}

/** In plain words. What a proxy in between has answered, or nobody, is told as such. */
export function explain(error: unknown): Explanation {
  if (error instanceof IssuerProblem) return { title: "The issuer did not sign you in", detail: error.message }
  if (!(error instanceof ApiProblem))
    return {
      title: "No answer",
      detail: "The API can't be reached, or its answer can't be read. Check your connection, then try again.",
    }
  const { title, instance } = error.problem
  const known = problems[codeOf(error) as ProblemCode] ?? undefined
  const detail = typeof error.problem.detail === "string" ? error.problem.detail : known?.detail
  return {
    title: title ?? `Status ${error.status}`,
    detail: detail ?? "The API, or something on the way to it, has answered with an error.",
    ...(instance !== undefined && { instance }),
  }
}

/** What a 422 says of a field: `fieldError(error, "/name")`. */
export function fieldError(error: unknown, pointer: string): string | undefined {
  if (!isProblem(error, "validation-failed")) return undefined
  const { errors } = (error as ApiProblem).problem
  return (errors as { pointer: string; detail: string }[] | undefined)?.find((one) => one.pointer === pointer)?.detail
}
