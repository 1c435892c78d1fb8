import type { IncomingMessage, ServerResponse } from "node:http"
import { isGuardedByIam, type JobKey, jobs } from "../../shared/contract/jobs.ts"
import { names } from "../names.ts"
import type { Invocation, Lambdas } from "./lambdas.ts"

/** What the local run answers beside the API. False: not known here either. */
export type OnOther = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

/**
 * For whoever sits at this machine:
 * `POST /_local/invoke/<job>` with an optional JSON event runs a job now, instead of waiting for its source. Not those that have
 * none, and are an operator's alone: on AWS IAM guards them, and here nothing would.
 * `POST /2015-03-31/functions/<name>/invocations`, as Lambda has it, asks an authorizer, for another API that runs here.
 */
export function invocations(lambdas: Lambdas, stageName: string): OnOther {
  const authorizers = ["authorizer", "http-authorizer"].map(names(stageName).function)
  return async (request, response) => {
    const url = request.url ?? ""
    const job = /^\/_local\/invoke\/([a-z-]+)$/.exec(url)?.[1]
    const functionName = /^\/2015-03-31\/functions\/([\w-]+)\/invocations$/.exec(url)?.[1]
    if (request.method !== "POST" || !(job || functionName)) return false
    const send = (status: number, body: unknown, headers: Record<string, string> = {}) => {
      response
        .writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers })
        .end(JSON.stringify(body))
      return true
    }
    // No page in a browser may come this far, neither with its own origin nor under a rebound host name.
    const host = request.headers.host?.replace(/:\d+$/, "")
    if (request.headers.origin !== undefined || (host !== "127.0.0.1" && host !== "localhost"))
      return send(403, { message: "only from this machine's command line" })
    // One of another kind of stage is none here.
    if (job && !lambdas.names.includes(names(stageName).function(`jobs/${job}`)))
      return send(404, { message: `there is no job ${job}` })
    if (job && isGuardedByIam(jobs[job as JobKey].source))
      return send(403, { message: "this job is an operator's alone" })
    if (functionName && !authorizers.includes(functionName))
      return send(403, { message: `only these are invoked from outside: ${authorizers.join(", ")}` })
    const event = await eventOf(request)
    if (event === undefined) return send(400, { message: "the event is no JSON" })
    const outcome = await lambdas.invoke(functionName ?? names(stageName).function(`jobs/${job}`), event)
    if (functionName)
      return "error" in outcome
        ? send(200, { errorMessage: outcome.error }, { "X-Amz-Function-Error": "Unhandled" })
        : send(200, outcome.value)
    return "error" in outcome ? send(502, { message: outcome.error }) : send(200, { result: outcome.value })
  }
}

/** `{}` without a body; undefined when it is no JSON. */
async function eventOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  try {
    return JSON.parse(Buffer.concat(chunks).toString() || "{}")
  } catch {
    return undefined
  }
}

/** The other side of it: a function of the local run at `origin`, from another process. */
export async function invokeAt(origin: string, functionName: string, event: unknown): Promise<Invocation> {
  try {
    const response = await fetch(`${origin}/2015-03-31/functions/${functionName}/invocations`, {
      method: "POST",
      body: JSON.stringify(event),
    })
    const answer = (await response.json()) as { errorMessage?: string; message?: string }
    if (!response.ok) return { error: answer.message ?? `status ${response.status}` }
    return response.headers.has("X-Amz-Function-Error") ? { error: answer.errorMessage ?? "" } : { value: answer }
  } catch {
    return { error: `nothing answers at ${origin}` }
  }
}
