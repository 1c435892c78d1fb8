import * as z from "zod/mini"
import {
  type BodyInput,
  type Endpoint,
  type EndpointKey,
  type Endpoints,
  endpoints,
  type QueryInput,
  type Reply,
  routeOf,
} from "./endpoints.ts"

type Given<Name extends string, T> = undefined extends T ? unknown : { [N in Name]: T }
type OptionalWhenEmpty<Name extends string, T> = undefined extends T
  ? unknown
  : Record<string, never> extends T
    ? { [N in Name]?: T }
    : Given<Name, T>
/** Query parameters as a program has them: `limit` is a number until it stands in the URL. */
type Parameters<Q> = Q extends { limit?: unknown } ? Omit<Q, "limit"> & { limit?: number } : Q
type PathId<K extends EndpointKey> = Endpoints[K]["route"] extends `${string}{id}${string}`
  ? { id: number }
  : Endpoints[K]["route"] extends `${string}{${infer Word extends "key" | "slug"}}${string}`
    ? { [W in Word]: string }
    : unknown

/** What a call of an endpoint takes: `id` (or `key`, or `slug`) of its path, `query`, `body`, and the two headers that change what it does. */
export type Arguments<K extends EndpointKey> = PathId<K> &
  OptionalWhenEmpty<"query", Parameters<QueryInput<K>>> &
  OptionalWhenEmpty<"body", BodyInput<K>> & { idempotencyKey?: string; ifMatch?: string }

/** Endpoints whose reply is a page. */
export type ListKey = {
  [K in EndpointKey]: Reply<K> extends { items: unknown[]; next_cursor: string | null } ? K : never
}[EndpointKey]

type Item<K extends EndpointKey> = Reply<K> extends { items: (infer I)[] } ? I : never

/** One call for each row of the endpoint table, by its key; and `all`, which walks a list to its end. */
export type Client = {
  [K in EndpointKey]: (given: Arguments<K>) => Promise<Reply<K>>
} & { all: <K extends ListKey>(key: K, given: Arguments<K>) => AsyncGenerator<Item<K>> }

const problemSchema = z.looseObject({
  type: z.string(),
  title: z.optional(z.string()),
  instance: z.optional(z.string()),
})
export type ProblemDetails = z.output<typeof problemSchema>

/** A refusal, as the API told it (RFC 9457). */
export class ApiProblem extends Error {
  override name = "ApiProblem"
  readonly status: number
  readonly problem: ProblemDetails

  constructor(status: number, problem: ProblemDetails) {
    super(problem.title ?? problem.type)
    this.status = status
    this.problem = problem
  }
}

/**
 * A client of the API at `url` (up to and with `/api`), which sends the bearer token that `token` answers. Throws ApiProblem
 * for a refusal, and zod's error for a reply that isn't what the contract says.
 */
export function createClient(url: string, token: () => string, send: typeof fetch = fetch): Client {
  const call = async (key: EndpointKey, given: AnyArguments): Promise<unknown> => {
    const row: Endpoint = endpoints[key]
    const response = await send(requestOf(row, url, token(), given))
    const text = await response.text()
    if (!response.ok) throw new ApiProblem(response.status, problemOf(text))
    return row.reply?.parse(row.produces ? text : JSON.parse(text))
  }
  async function* all(key: EndpointKey, given: AnyArguments) {
    let cursor: string | null | undefined
    do {
      const page = (await call(key, { ...given, query: { ...given.query, ...(cursor && { cursor }) } })) as {
        items: unknown[]
        next_cursor: string | null
      }
      yield* page.items
      cursor = page.next_cursor
    } while (cursor)
  }
  const calls = Object.keys(endpoints).map((key) => [key, (given: AnyArguments) => call(key as EndpointKey, given)])
  return { ...Object.fromEntries(calls), all } as unknown as Client
}

/** Not every refusal is ours: API Gateway has answers that no template styles, and a proxy in between has its own. */
function problemOf(text: string): ProblemDetails {
  try {
    return problemSchema.parse(JSON.parse(text))
  } catch {
    return { type: "about:blank" }
  }
}

interface AnyArguments {
  id?: number
  key?: string
  slug?: string
  query?: Record<string, unknown>
  body?: unknown
  idempotencyKey?: string
  ifMatch?: string
}

function requestOf(row: Endpoint, base: string, token: string, given: AnyArguments): Request {
  const { method, path } = routeOf(row)
  const url = new URL(
    base +
      path.replace(/\{(id|key|slug)\}/, (_, name: "id" | "key" | "slug") => encodeURIComponent(String(given[name]))),
  )
  for (const [name, value] of Object.entries(given.query ?? {}))
    if (value !== undefined) url.searchParams.set(name, String(value))
  return new Request(url, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      ...(row.body && { "Content-Type": "application/json" }),
      ...(given.idempotencyKey !== undefined && { "Idempotency-Key": given.idempotencyKey }),
      ...(given.ifMatch !== undefined && { "If-Match": given.ifMatch }),
    },
    ...(row.body && { body: JSON.stringify(given.body ?? {}) }),
  })
}
