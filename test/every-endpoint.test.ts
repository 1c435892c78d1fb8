import { randomUUID } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type EndpointKey, endpointRows, endpoints, routeOf } from "../shared/contract/endpoints.ts"
import { type CallerName, callers, expected, ownExpected } from "./contract.expected.ts"
import { until } from "./infra/local/fixture.ts"
import { inside, insideTest, openTestStack, type RunningStack } from "./local-stack.ts"
import { aHuman, aService, type Person } from "./people.ts"
import { reviewHash } from "./reviews.ts"

interface Sent {
  path: string
  body?: object
  idempotencyKey?: string
}

let stack: RunningStack
const people = {} as Record<Exclude<CallerName, "nobody">, Person>
/** Administrators' credentials that are good no more, and some that never were, with the problem that each is answered. */
let refused: [credential: string, type: string][]
/** Only from inside a human gets a token without a sign-in. */
const here: readonly CallerName[] = inside ? callers : ["service Admin", "nobody"]

beforeAll(async () => {
  stack = await openTestStack()
  people["service Admin"] = await aService(stack, "Admin")
  refused = await refusedCredentials()
  if (inside)
    for (const role of ["Member", "Editor", "Manager", "Admin"] as const) people[role] = await aHuman(stack, role)
})
afterAll(() => stack.stop())

async function refusedCredentials(): Promise<typeof refused> {
  const revoked = await aService(stack, "Admin")
  await stack.admin["user-tokens/update"]({ id: revoked.tokenId, body: { active: false } })
  const expired = inside && (await aHuman(stack, "Admin", Date.now() - 8 * 86_400_000, "7d"))
  const inactive = await aService(stack, "Admin")
  await stack.admin["users/update"]({ id: inactive.id, body: { active: false } })
  const { bearerToken } = people["service Admin"]
  const wrongSecret = `${bearerToken.slice(0, 30)}${bearerToken[30] === "a" ? "b" : "a"}${bearerToken.slice(31)}`
  return [
    ["garbage", "invalid-token"],
    [wrongSecret, "invalid-token"],
    [revoked.bearerToken, "token-revoked"],
    ...(expired ? [[expired.bearerToken, "token-expired"] as [string, string]] : []),
    [inactive.bearerToken, "account-inactive"],
  ]
}

/** A request to each endpoint that is right, on somebody else's account and token, who is made when the request needs them. */
const requests: Record<EndpointKey, (other: () => Promise<Person>) => Sent | Promise<Sent>> = {
  // Refused like any other that proves nobody: sign-in.test.ts has those that do.
  "sign-in/create": () => ({ path: "/sign-in", body: { id_token: "none" } }),
  // These come with tokens, none of which is a session.
  "sign-in/delete": () => ({ path: "/sign-in" }),
  "users/create": () => ({ path: "/users", body: { name: `n ${randomUUID()}`, role: "Member" } }),
  "users/list": () => ({ path: "/users?user_type=Service&limit=5" }),
  "users/me": () => ({ path: "/users/me" }),
  "users/get": async (other) => ({ path: `/users/${(await other()).id}` }),
  "users/update": async (other) => ({ path: `/users/${(await other()).id}`, body: { purpose: "for a test" } }),
  "users/revoke-tokens": async (other) => ({ path: `/users/${(await other()).id}/revoke-tokens`, body: {} }),
  "users/impact": async (other) => ({ path: `/users/${(await other()).id}/impact` }),
  "users/delete": async (other) => {
    const { id } = await other()
    await stack.admin["users/update"]({ id, body: { active: false } })
    return { path: `/users/${id}` }
  },
  "teams/list": () => ({ path: "/teams" }),
  "teams/create": () => ({ path: "/teams", body: { name: `t ${randomUUID().slice(0, 8)}`.replaceAll("-", "_") } }),
  "teams/delete": async () => {
    const { key } = await stack.admin["teams/create"]({ body: { name: `t ${randomUUID().slice(0, 8)}` } })
    return { path: `/teams/${key}` }
  },
  "datastores/list": () => ({ path: "/datastores" }),
  "datastores/create": () => ({ path: "/datastores", body: { name: "d" } }),
  "datastores/get": async () => ({ path: `/datastores/${await aDatastore()}` }),
  "datastores/list-containers": async () => ({ path: `/datastores/${await aDatastore()}/containers` }),
  "datastores/create-container": async () => ({
    path: `/datastores/${await aDatastore()}/containers`,
    body: { name: "c" },
  }),
  "settings/get": () => ({ path: "/settings" }),
  // What is the default already, since the stage is shared.
  "settings/update": () => ({ path: "/settings", body: { max_tokens_per_account: 100 } }),
  "settings/impact": () => ({ path: "/settings/impact?max_expiry_days=1&limit=5" }),
  "audit-events/list": () => ({ path: "/audit-events?limit=5" }),
  "access-review/get": () => ({ path: "/access-review?limit=5" }),
  "access-review/sign": async () => ({ path: "/access-review", body: { hash: await reviewHash(stack) } }),
  "user-tokens/create": async (other) => ({
    path: "/user-tokens",
    body: { name: randomUUID(), type: "Service", user_id: (await other()).userId, expiration: "7d" },
  }),
  "user-tokens/list": () => ({ path: "/user-tokens" }),
  "user-tokens/list-service": () => ({ path: "/user-tokens/service?limit=5" }),
  "user-tokens/get": async (other) => ({ path: `/user-tokens/${(await other()).tokenId}` }),
  "user-tokens/update": async (other) => ({ path: `/user-tokens/${(await other()).tokenId}`, body: { active: false } }),
  "user-tokens/impact": async (other) => ({ path: `/user-tokens/${(await other()).tokenId}/impact` }),
  "user-tokens/delete": async (other) => {
    const { tokenId } = await other()
    await stack.admin["user-tokens/update"]({ id: tokenId, body: { active: false } })
    return { path: `/user-tokens/${tokenId}` }
  },
  "user-tokens/rotate": async (other) => ({
    path: `/user-tokens/${(await other()).tokenId}/rotate`,
    body: {},
    idempotencyKey: randomUUID(),
  }),
  "user-tokens/rotate-complete": async (other) => {
    const { tokenId } = await other()
    const { bearer_token } = await aRotation(tokenId)
    await stack.as(bearer_token)["users/me"]({})
    const rotation = async () => (await stack.admin["user-tokens/get"]({ id: tokenId })).rotation
    await until(async () => (await rotation())?.state === "overlapping")
    return { path: `/user-tokens/${tokenId}/rotate/complete`, body: {} }
  },
  "user-tokens/rotate-abort": async (other) => {
    const { tokenId } = await other()
    await aRotation(tokenId)
    return { path: `/user-tokens/${tokenId}/rotate/abort`, body: {} }
  },
  "docs/openapi": () => ({ path: "/openapi.json" }),
  "docs/asyncapi": () => ({ path: "/asyncapi.json" }),
  "docs/page": () => ({ path: "/docs" }),
  "docs/problem": () => ({ path: "/problems/not-found" }),
}

const aDatastore = async (): Promise<number> => (await stack.admin["datastores/create"]({ body: { name: "d" } })).id

const aRotation = (id: number) => stack.admin["user-tokens/rotate"]({ id, body: {}, idempotencyKey: randomUUID() })

async function call(key: EndpointKey, { path, body, idempotencyKey }: Sent, token: string): Promise<Response> {
  const { method } = routeOf(endpoints[key])
  return stack.send(path, {
    method,
    token,
    ...(body && { body: JSON.stringify(body) }),
    ...(idempotencyKey && { headers: { "Idempotency-Key": idempotencyKey } }),
  })
}

const tokenOf = (caller: CallerName): string => (caller === "nobody" ? "" : people[caller].bearerToken)

async function problemOf(response: Response) {
  expect(response.headers.get("content-type")).toBe("application/problem+json")
  expect(response.headers.get("cache-control")).toBe("no-store")
  const problem = (await response.json()) as { type: string; status: number }
  expect(problem).toMatchObject({ status: response.status, title: expect.any(String), instance: expect.any(String) })
  return problem
}

test("the contract's table and the endpoint table have the same endpoints", () => {
  expect(Object.keys(expected).sort()).toEqual(Object.keys(endpoints).sort())
})

describe.each(endpointRows)("%s", (key, row) => {
  const aRequest = () => requests[key](() => aService(stack))
  let refusedRequest: ReturnType<typeof aRequest> | undefined
  /** One for all that are refused, which change nothing. */
  const forRefusal = () => {
    refusedRequest ??= aRequest()
    return refusedRequest
  }

  test.each(here)("%s gets the contract's status, and a reply of the contract's shape", async (caller) => {
    const isRefused = Number(expected[key]?.[caller]) >= 400
    const response = await call(key, await (isRefused ? forRefusal() : aRequest()), tokenOf(caller))
    expect(response.status).toBe(expected[key]?.[caller])
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "strict-transport-security": "max-age=31536000; includeSubDomains",
    })
    // Without a credential API Gateway answers, whose templates take no quotes.
    if (caller !== "nobody" || row.needs === "nothing")
      expect(response.headers.get("content-security-policy")).toMatch(
        /^default-src 'none'; .*frame-ancestors 'none'; base-uri 'none'/,
      )
    if (!response.ok) await problemOf(response)
    else if (row.reply)
      expect(row.reply.safeParse(await response[row.produces ? "text" : "json"]()).error).toBeUndefined()
    else expect(await response.text()).toBe("")
  })

  if (row.needs !== "nothing")
    test("no credential, a wrong one, a revoked and an expired one are refused alike on every endpoint", async () => {
      const sent = await forRefusal()
      const none = await call(key, sent, "")
      expect(none.headers.get("www-authenticate")).toBe('Bearer realm="api"')
      expect((await problemOf(none)).type).toBe("/api/problems/authentication-required")

      expect(refused.length).toBeGreaterThan(3)
      for (const [credential, type] of refused) {
        const response = await call(key, sent, credential)
        expect([response.status, (await problemOf(response)).type]).toEqual([401, `/api/problems/${type}`])
        expect(response.headers.get("www-authenticate")).toBe('Bearer realm="api", error="invalid_token"')
      }
    })

  if (row.body)
    test("refuses a body that isn't its own, whoever may call", async () => {
      const { path } = await forRefusal()
      const { method } = routeOf(row)
      const post = (body: string, type = "application/json") =>
        stack.send(path, { method, body, headers: { "Content-Type": type } })
      const canary = `canary-${randomUUID()}`
      // But for what is counted of refused credentials, by and by, and its event.
      const isOfRefusals = ({ PK, action }: { PK: string; action?: unknown }) =>
        PK.startsWith("BURST#") || action === "auth.failed-burst"
      const rows = async () => (inside ? await stack.rows.dump() : []).filter((row) => !isOfRefusals(row)).length
      const rowsBefore = await rows()
      for (const [response, status, type] of [
        [await post(JSON.stringify({ [canary]: 1 })), 422, "validation-failed"],
        [await post(`{"name": "${canary}"`), 400, "malformed-json"],
        [await post(`["${canary}"]`), 422, "validation-failed"],
        [await post("[".repeat(10_000)), 400, "malformed-json"],
        [await post(`{"a":${"[".repeat(1000)}${"]".repeat(1000)}}`), 422, "validation-failed"],
        [await post("null"), 422, "validation-failed"],
        [await post(JSON.stringify({ reason: [canary] })), 422, "validation-failed"],
        [await post('{"reason": "\\u0000"}'), 422, "validation-failed"],
        [await post('{"reason": "\\ud800"}'), 422, "validation-failed"],
        [await post('{"__proto__": {"role": "Admin"}}'), 400, "malformed-json"],
        [await post(`{"name": "${canary}"}`, "text/plain"), 415, "unsupported-media-type"],
        [await post(JSON.stringify({ name: "x".repeat(16_385) })), 413, "content-too-large"],
        [await post(JSON.stringify({ name: "x".repeat(1_000_000) })), 413, "content-too-large"],
      ] as const) {
        const problem = await problemOf(response)
        expect([problem.status, problem.type]).toEqual([status, `/api/problems/${type}`])
        expect(JSON.stringify(problem)).not.toContain(canary)
      }
      expect(await rows()).toBe(rowsBefore)
    })

  test("refuses an unknown and a repeated query parameter", async () => {
    const { path } = await forRefusal()
    const { method } = routeOf(row)
    const queries = ["unknown=1", ...(row.query ? ["reason=a&reason=b", "limit=1&limit=2"] : [])]
    for (const query of queries) {
      const response = await stack.send(`${path.split("?")[0]}?${query}`, { method })
      expect([response.status, (await problemOf(response)).type]).toEqual([422, "/api/problems/validation-failed"])
    }
  })

  if (row.route.includes("{id}"))
    test("an id that names nothing is 404", async () => {
      const sent = await forRefusal()
      for (const id of ["0", "-1", "1.5", "abc", "%00", "9007199254740993", "99999999999999999999", "1e3", "7"]) {
        const response = await call(
          key,
          { ...sent, path: sent.path.replace(/\d{10,}/, id) },
          people["service Admin"].bearerToken,
        )
        expect([id, response.status]).toEqual([id, 404])
      }
    })
})

describe.each(Object.keys(ownExpected) as EndpointKey[])("%s of one's own", (key) => {
  insideTest.each(Object.entries(ownExpected[key] ?? {}))("%s: %i", async (name, status) => {
    const caller = name as CallerName
    const own =
      key === "user-tokens/create" || caller === "nobody"
        ? { tokenId: people.Member.tokenId }
        : await stack
            .as(tokenOf(caller))
            ["user-tokens/create"]({ body: { name: randomUUID(), type: "Personal", expiration: "7d" } })
            .then(({ id }) => ({ tokenId: id }))
    const sent =
      key === "user-tokens/create"
        ? { path: "/user-tokens", body: { name: randomUUID(), type: "Personal", expiration: "7d" } }
        : await requests[key](async () => own as Person)
    expect((await call(key, sent, tokenOf(caller))).status).toBe(status)
  })
})
