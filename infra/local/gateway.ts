// Long because it is API Gateway's request path from the first byte to the access log, in its order.
import { randomBytes, randomUUID } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { OnOther } from "./invocations.ts"
import type { Lambdas } from "./lambdas.ts"
import { isAllowed } from "./policy.ts"
import type { Api, Route } from "./routes.ts"
import { account, region } from "./template.ts"

interface Options {
  api: Api
  lambdas: Lambdas
  port: number
  onAccess: (logGroup: string, line: string) => void
  /** Answers what doesn't begin with the stage's name, such as /_local; false: not known there either. */
  onOther: OnOther
}

/** API Gateway's own limits: bytes of a body, characters of a method ARN. */
const mostBodyBytes = 10_000_000
const longestMethodArn = 1600

/** What a response template or a log format may name: `$context.<key>`. */
type Context = Record<string, string>

/** Serves the template's REST API on 127.0.0.1. Rejects when the port is in use. */
export async function startGateway(options: Options): Promise<Server> {
  const server = createServer((request, response) => {
    serve(options, request, response).catch((error) => {
      console.error(`the local gateway failed: ${error instanceof Error ? error.stack : error}`)
      response.destroy()
    })
  })
  server.listen(options.port, "127.0.0.1")
  await Promise.race([once(server, "listening"), once(server, "error").then(([error]) => Promise.reject(error))])
  return server
}

async function serve(options: Options, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { api } = options
  const target = request.url ?? "/"
  const [rawPath = "/", search = ""] = [target.split("?")[0], target.split("?").slice(1).join("?")]
  if (!rawPath.startsWith(`/${api.stage}/`)) {
    if (await options.onOther(request, response)) return
  }
  const started = Date.now()
  const path = rawPath.slice(api.stage.length + 1)
  const context: Context = {
    requestId: randomUUID(),
    extendedRequestId: `${randomBytes(11).toString("base64url")}=`,
    requestTimeEpoch: String(started),
    httpMethod: request.method ?? "",
    "identity.sourceIp": request.socket.remoteAddress ?? "",
    stage: api.stage,
  }
  response.setHeader("x-amzn-RequestId", context.requestId as string)
  response.setHeader("x-amz-apigw-id", context.extendedRequestId as string)
  const exchange: Exchange = { ...options, request, response, context, path, search, rawPath }
  await handle(exchange)
  context.status = String(response.statusCode)
  context.responseLatency = String(Date.now() - started)
  if (api.accessLog) options.onAccess(api.accessLog.logGroup, substituted(api.accessLog.format, context, "-"))
}

interface Exchange extends Options {
  request: IncomingMessage
  response: ServerResponse
  context: Context
  /** Below the stage, as it was sent. */
  path: string
  search: string
  rawPath: string
}

async function handle(exchange: Exchange): Promise<void> {
  const { api, request, context, path, lambdas } = exchange
  const body = await readBody(request)
  if (body === undefined) return own(exchange, 413, "Request Too Long")
  const known = exchange.rawPath.startsWith(`/${api.stage}/`)
  const route = api.routes.find(({ method, pattern }) => known && method === request.method && pattern.test(path))
  if (!route) return answer(exchange, "MISSING_AUTHENTICATION_TOKEN")
  context.resourcePath = route.resource
  const methodArn = `arn:aws:execute-api:${region}:${account}:${api.id}/${api.stage}/${request.method}${path}`
  if (methodArn.length > longestMethodArn) return own(exchange, 414, "Request-URI Too Large")

  const event = eventOf(exchange, route)
  let authorizer: Context | undefined
  if (route.authorizer) {
    const verdict = await lambdas.invoke(route.authorizer, { type: "REQUEST", methodArn, ...event })
    if ("error" in verdict)
      return answer(exchange, verdict.error === "Unauthorized" ? "UNAUTHORIZED" : "AUTHORIZER_FAILURE")
    const result = verdict.value as { principalId?: string; policyDocument?: object; context?: Record<string, unknown> }
    const values = Object.entries(result?.context ?? {})
    if (!result?.principalId || !result.policyDocument || values.some(([, value]) => typeof value === "object"))
      return answer(exchange, "AUTHORIZER_CONFIGURATION_ERROR")
    authorizer = { principalId: result.principalId, ...Object.fromEntries(values.map(([key, v]) => [key, String(v)])) }
    for (const [key, value] of Object.entries(authorizer)) context[`authorizer.${key}`] = value
    if (!isAllowed(result.policyDocument, methodArn)) return answer(exchange, "ACCESS_DENIED")
  }

  const requestContext = { ...event.requestContext, ...(authorizer && { authorizer }) }
  const outcome = await lambdas.invoke(route.integration, {
    ...event,
    requestContext,
    body: body.length > 0 ? body.toString() : null,
    isBase64Encoded: false,
  })
  // To API Gateway, a Lambda that threw or ran out of time has given a malformed answer. Its own timeout of 29 s is longer.
  if ("error" in outcome) return answer(exchange, "API_CONFIGURATION_ERROR")
  proxied(exchange, outcome.value)
}

/** Undefined when it is too long; what is left of it is read away, so that the client gets to read the answer. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length <= mostBodyBytes) chunks.push(chunk)
  }
  return length > mostBodyBytes ? undefined : Buffer.concat(chunks)
}

/** The proxy event, which is also what a REQUEST authorizer gets. */
function eventOf({ api, request, context, path, search, rawPath }: Exchange, route: Route) {
  // rawHeaders, since node:http drops the second of two Authorization headers.
  const headers = grouped(pairs(request.rawHeaders))
  const query = grouped([...new URLSearchParams(search)])
  const matched = route.pattern.exec(path)?.slice(1) ?? []
  const pathParameters = Object.fromEntries(
    route.parameters.map((name, index) => [name, decoded(matched[index] ?? "")]),
  )
  return {
    resource: route.resource,
    path: rawPath.slice(api.stage.length + 1),
    httpMethod: request.method,
    headers: lastOf(headers),
    multiValueHeaders: headers,
    queryStringParameters: search === "" ? null : lastOf(query),
    multiValueQueryStringParameters: search === "" ? null : query,
    pathParameters: route.parameters.length > 0 ? pathParameters : null,
    stageVariables: null,
    requestContext: {
      accountId: account,
      apiId: api.id,
      stage: api.stage,
      protocol: "HTTP/1.1",
      resourcePath: route.resource,
      httpMethod: request.method,
      path: rawPath,
      requestId: context.requestId,
      extendedRequestId: context.extendedRequestId,
      requestTimeEpoch: Number(context.requestTimeEpoch),
      identity: { sourceIp: context["identity.sourceIp"], userAgent: request.headers["user-agent"] ?? null },
    },
  }
}

const pairs = (flat: string[]): [string, string][] =>
  flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ""] as [string, string]] : []))

function grouped(all: [string, string][]): Record<string, string[]> {
  const groups: Record<string, string[]> = Object.create(null)
  for (const [name, value] of all) {
    groups[name] ??= []
    groups[name].push(value)
  }
  return groups
}

const lastOf = (groups: Record<string, string[]>): Record<string, string> =>
  Object.fromEntries(Object.entries(groups).map(([name, values]) => [name, values.at(-1) ?? ""]))

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

interface ProxyResult {
  statusCode: number
  headers?: Record<string, string>
  multiValueHeaders?: Record<string, string[]>
  body?: string
}

/** API Gateway renames what a Lambda integration may not set. */
const remapped = /^(www-authenticate|server|date|connection)$/i

function proxied(exchange: Exchange, value: unknown): void {
  const { response } = exchange
  const result = value as ProxyResult | null
  const sound = Number.isInteger(result?.statusCode) && (result?.body === undefined || typeof result.body === "string")
  if (!result || !sound) {
    answer(exchange, "API_CONFIGURATION_ERROR")
    return
  }
  response.statusCode = result.statusCode
  for (const [name, header] of Object.entries({ ...result.headers, ...result.multiValueHeaders }))
    response.setHeader(remapped.test(name) ? `x-amzn-Remapped-${name}` : name, header)
  response.end(result.body ?? "")
}

const defaults: Record<string, [status: number, message: string]> = {
  UNAUTHORIZED: [401, "Unauthorized"],
  ACCESS_DENIED: [403, "User is not authorized to access this resource"],
  MISSING_AUTHENTICATION_TOKEN: [403, "Missing Authentication Token"],
  AUTHORIZER_FAILURE: [500, "Internal server error"],
  AUTHORIZER_CONFIGURATION_ERROR: [500, "Internal server error"],
  API_CONFIGURATION_ERROR: [502, "Internal server error"],
}

/** A gateway response: the template's own, its default for the class, or AWS's. */
function answer({ api, response, context }: Exchange, type: string): void {
  const [status, message] = defaults[type] as [number, string]
  const custom = api.responses.get(type) ?? api.responses.get(status < 500 ? "DEFAULT_4XX" : "DEFAULT_5XX")
  context["error.message"] = message
  context["error.messageString"] = JSON.stringify(message)
  context["error.responseType"] = type
  response.statusCode = custom?.status ?? status
  response.setHeader("Content-Type", "application/json")
  for (const [name, value] of Object.entries(custom?.headers ?? {})) response.setHeader(name, value)
  response.end(substituted(custom?.template ?? '{"message":$context.error.messageString}', context, ""))
}

/** An answer that no template can style. */
function own({ response }: Exchange, status: number, message: string): void {
  response.statusCode = status
  response.setHeader("Content-Type", "application/json")
  response.end(JSON.stringify({ message }))
}

/** Plain substitution, as API Gateway's: no VTL, no escaping. */
const substituted = (template: string, context: Context, missing: string): string =>
  template.replaceAll(/\$context\.(\w+(?:\.\w+)*)/g, (_, key: string) => context[key] ?? missing)
