import middy from "@middy/core"
import httpHeaderNormalizer from "@middy/http-header-normalizer"
import httpJsonBodyParser from "@middy/http-json-body-parser"
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda"
import * as z from "zod/mini"
import { ownAnswerHeaders } from "../shared/contract/answer-headers.ts"
import { type Caller, fromContext } from "../shared/contract/caller.ts"
import {
  type Body,
  type Endpoint,
  type EndpointKey,
  endpoints,
  type Query,
  type Reply,
} from "../shared/contract/endpoints.ts"
import { type Scope, scopeFor } from "../shared/contract/permissions.ts"
import { Problem, problemBody, retryAfterSeconds } from "../shared/contract/problems.ts"
import { redact } from "../shared/contract/scanner.ts"
import { type Runtime, Unavailable } from "../shared/runtime.ts"
import type { Actor, Origin } from "../shared/store/audit.ts"
import type { Csv } from "../shared/store/csv.ts"
import { type Idempotency, idempotencyOf } from "../shared/store/idempotency.ts"
import type { PageRequest } from "../shared/store/pages.ts"
import { dayMilliseconds, firstReminder } from "../shared/store/settings.ts"
import { prefersCsv } from "./accept.ts"
import { clientAddress } from "./client-address.ts"
import { describeError, lambdaRuntime, type RuntimeOf, whileRunning } from "./runtime.ts"
import { parsed } from "./validation.ts"

/** Who calls: nobody in particular on a row that needs nothing, which then has no way to act for anyone. */
type CallerOf<K extends EndpointKey> = (typeof endpoints)[K]["needs"] extends "nothing" ? undefined : Caller & Actor

/** What a handler gets: all of it proven, permitted and parsed. */
export interface Input<K extends EndpointKey> {
  caller: CallerOf<K>
  scope: Scope
  /** From where the request comes: for who acts before anybody is proven. */
  origin: () => Promise<Origin>
  /** The `{id}` of the path; 0 on a route without one. */
  id: number
  /** The `{key}` of the path, or its `{slug}`: a word; empty on a route without one. */
  key: string
  query: Query<K>
  body: Body<K>
  ifMatch: string | undefined
  idempotency: Idempotency | undefined
  /** The row has CSV too, and the request prefers it. */
  asCsv: boolean
  /** For lists: the page that is asked for, bound to this route, filters and caller. */
  page: PageRequest
}

export interface Outcome<K extends EndpointKey> {
  body: Reply<K>
  etag?: string
  /** A path below the API's base. */
  location?: string
  /** What is sent in the place of the body, with headers of its own. */
  csv?: Csv
}

/** API Gateway caps a body at 10 MB with an answer of its own; ours is the limit that counts. */
const mostBodyBytes = 16 * 1024
const parseJson = httpJsonBodyParser().before
const noQuery = z.strictObject({})
/** Data that is opened as a page runs nothing, and nobody frames it. */
const dataPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
/** Our pages are text and their own style, nothing else. */
const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/**
 * The pipeline of every endpoint: permit → parse → call → respond. What it does follows from the row of the endpoint table;
 * a Problem thrown anywhere below is answered as such, an unreachable table as 503, anything else as 500 and in the log.
 */
export function endpoint<K extends EndpointKey>(
  key: K,
  call: (runtime: Runtime, input: Input<K>) => Promise<Outcome<K>>,
  runtimeOf: RuntimeOf = lambdaRuntime,
) {
  const row: Endpoint = endpoints[key]
  return middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
    .use(httpHeaderNormalizer())
    .use({
      onError: (request) => {
        request.response = problemResponse(runtimeOf(), key, request.event, request.error)
      },
    })
    .handler((event, _, { signal }) => whileRunning(runtimeOf, signal, (runtime) => answer(runtime, event)))

  async function answer(runtime: Runtime, event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> {
    const { caller, scope } = permit(row, event)
    const id = row.route.includes("{id}") ? idOf(event.pathParameters?.id) : 0
    const word = /\{(?:key|slug)\}/.test(row.route) ? wordOf(event.pathParameters) : ""
    const query = parsed(row.query ?? noQuery, queryOf(event))
    limitBody(event)
    const body = row.body && parsed(row.body, bodyOf(event))
    const { cursor, limit, ...filters } = query as Record<string, unknown>
    const idempotencyKey = row.idempotencyKey && idempotencyKeyOf(event)
    if (row.idempotencyKey === "required" && idempotencyKey === undefined) throw new Problem("idempotency-key-required")
    const outcome = await call(runtime, {
      caller: caller as CallerOf<K>,
      scope,
      origin: () => originOf(runtime, event),
      id,
      key: word,
      query: query as Query<K>,
      body: body as Body<K>,
      ifMatch: event.headers["if-match"],
      idempotency:
        idempotencyKey === undefined || !caller
          ? undefined
          : idempotencyOf(caller.accountId, idempotencyKey, `${row.route} ${id}`, body),
      asCsv: row.orCsv === true && prefersCsv(event.headers.accept),
      page: {
        limit: limit as number,
        cursor: cursor as string | undefined,
        binding: JSON.stringify([row.route, filters, caller?.accountId]),
      },
    })
    log(runtime, key, event, row.success, { handle: caller?.handle, accountId: caller?.accountId })
    return {
      statusCode: row.success,
      headers: {
        ...ownAnswerHeaders,
        ...expiryHeader(runtime, event),
        ...contentOf(row, outcome.csv),
        ...(outcome.etag && { ETag: outcome.etag }),
        ...(outcome.location && { Location: outcome.location }),
      },
      body: outcome.csv?.text ?? textOf(row, outcome.body),
    }
  }
}

function contentOf({ produces }: Endpoint, csv: Csv | undefined): Record<string, string> {
  const policy = { "Content-Security-Policy": dataPolicy }
  if (csv) return { "Content-Type": "text/csv; charset=utf-8", ...policy, ...csv.headers }
  if (!produces) return { "Content-Type": "application/json", ...policy }
  return {
    "Content-Type": `${produces}; charset=utf-8`,
    "Content-Security-Policy": pagePolicy,
    "Referrer-Policy": "no-referrer",
  }
}

const textOf = ({ produces }: Endpoint, body: unknown): string =>
  produces ? String(body) : body === undefined ? "" : JSON.stringify(body)

/** Tells a caller whose token ends within thirty days how many it has left, with the one that has begun. */
function expiryHeader(runtime: Runtime, { requestContext }: APIGatewayProxyEvent): Record<string, string> {
  const left = Number(requestContext.authorizer?.expiresAt) - runtime.now()
  const days = Math.max(0, Math.ceil(left / dayMilliseconds))
  // Not a number where the token never ends, or there is none.
  return days <= firstReminder ? { "Token-Expires-In": String(days) } : {}
}

/** Who calls, and how far it may see. Throws insufficient-role. */
function permit(row: Endpoint, event: APIGatewayProxyEvent): { caller: (Caller & Actor) | undefined; scope: Scope } {
  if (row.needs === "nothing") return { caller: undefined, scope: "own" }
  const caller = fromContext(event.requestContext.authorizer)
  const scope = scopeFor(caller.role, row.needs, row.orOwn)
  if (!scope) throw new Problem("insufficient-role")
  return { caller: { ...caller, userAgent: userAgentOf(event), requestId: instanceOf(event) }, scope }
}

/** Cut between two units of UTF-16 it may end with half a character, which the table refuses: the whole mutation, with its audit event. */
const userAgentOf = (event: APIGatewayProxyEvent): string =>
  redact(event.headers["user-agent"] ?? "")
    .slice(0, 200)
    .toWellFormed()

const originOf = async (runtime: Runtime, event: APIGatewayProxyEvent): Promise<Origin> => ({
  clientAddress: clientAddress(event, await runtime.edgeSecret()),
  userAgent: userAgentOf(event),
  requestId: instanceOf(event),
})

/** An id that is no integer of ours names nothing, so it is 404. */
function idOf(text: string | undefined): number {
  const id = /^[1-9]\d{0,15}$/.test(text ?? "") ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(id)) throw new Problem("not-found")
  return id
}

/** A key or slug of another shape names nothing either. */
function wordOf(parameters: APIGatewayProxyEvent["pathParameters"]): string {
  const word = parameters?.key ?? parameters?.slug ?? ""
  if (!/^[a-z0-9_-]{1,64}$/.test(word)) throw new Problem("not-found")
  return word
}

function queryOf(event: APIGatewayProxyEvent): Record<string, string | string[] | undefined> {
  // A repeated parameter stays a list, which no schema takes: whichever of its values was meant, one would be ignored.
  const values = Object.entries(event.multiValueQueryStringParameters ?? {})
  return Object.fromEntries(values.map(([name, all = []]) => [name, all.length === 1 ? all[0] : all]))
}

function limitBody({ body, isBase64Encoded }: APIGatewayProxyEvent): void {
  if (Buffer.byteLength(body ?? "", isBase64Encoded ? "base64" : "utf8") > mostBodyBytes)
    throw new Problem("content-too-large")
}

/** The parsed body; none at all counts as `{}`, so that a body of optional fields may be left out. */
function bodyOf(event: APIGatewayProxyEvent): unknown {
  const text = event.body ?? ""
  if (text === "") return {}
  const request = { event: { ...event, body: text } }
  try {
    parseJson?.(request as unknown as Parameters<NonNullable<typeof parseJson>>[0])
  } catch (error) {
    // Its cause holds the raw body: it goes nowhere.
    throw new Problem(
      (error as { statusCode?: number }).statusCode === 415 ? "unsupported-media-type" : "malformed-json",
    )
  }
  return request.event.body
}

function idempotencyKeyOf(event: APIGatewayProxyEvent): string | undefined {
  const values = Object.entries(event.multiValueHeaders ?? {}).flatMap(([name, all]) =>
    name.toLowerCase() === "idempotency-key" ? (all ?? []) : [],
  )
  const [key] = values
  if (key === undefined) return undefined
  if (values.length > 1 || !/^[\x21-\x7e]{1,255}$/.test(key)) throw new Problem("invalid-idempotency-key")
  return key
}

/** API Gateway's extended request id: the caller can set the other one. */
const instanceOf = (event: APIGatewayProxyEvent): string =>
  event.requestContext.extendedRequestId ?? event.requestContext.requestId

function problemResponse(runtime: Runtime, key: EndpointKey, event: APIGatewayProxyEvent, error: unknown) {
  const problem = problemOf(error)
  const unexpected = error !== problem
  log(runtime, key, event, problem.status, {
    problem: problem.code,
    ...(unexpected && { error: describeError(error) }),
  })
  return {
    statusCode: problem.status,
    headers: {
      ...ownAnswerHeaders,
      ...expiryHeader(runtime, event),
      "Content-Type": "application/problem+json",
      "Content-Security-Policy": dataPolicy,
      ...(problem.status === 503 && { "Retry-After": String(retryAfterSeconds) }),
    },
    body: JSON.stringify(problemBody(problem.code, instanceOf(event), problem.extras)),
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  // middy answers just before Lambda would end the handler, whose signal it has aborted: the caller may try again.
  const fault = error instanceof Unavailable || (error instanceof Error && error.name === "TimeoutError")
  return new Problem(fault ? "service-unavailable" : "internal-error")
}

/** One line a request. Never a path, a query or a body: a caller can put a secret into any of them. */
function log(runtime: Runtime, key: EndpointKey, event: APIGatewayProxyEvent, status: number, fields: object): void {
  const { requestId } = event.requestContext
  runtime.log({ event: "request", endpoint: key, status, requestId, instance: instanceOf(event), ...fields })
}
