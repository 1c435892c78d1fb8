import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { authorizer, warmUp } from "../../functions/authorize.ts"
import { accountKey, tokenKey } from "../../shared/store/table.ts"
import { digestUnder, parseKeyring } from "../../shared/token/keyring.ts"
import { measuredIn } from "../emf.ts"
import {
  accountId,
  accountRow,
  bearer,
  digest,
  found,
  handle,
  type KnownPorts,
  keyOf,
  knownPorts,
  secretOf,
  tokenId,
  tokenRow,
} from "../known-token.ts"

/** What the authorizer asks, answers and writes, to the letter, and what it makes of answers that a table gives rarely or never. */
let ports: KnownPorts
beforeEach(() => {
  ports = knownPorts()
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

type Headers = Record<string, string[] | undefined>
const eventOf = (multiValueHeaders: Headers | null, identity: object = {}, over: object = {}) =>
  ({
    methodArn: "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/api/GET/users/me",
    httpMethod: "GET",
    resource: "/users/{id}",
    multiValueHeaders,
    requestContext: {
      apiId: "abcdef1234",
      requestId: "request",
      extendedRequestId: "extended",
      identity: { sourceIp: "203.0.113.7", userAgent: "curl", ...identity },
    },
    ...over,
  }) as unknown as APIGatewayRequestAuthorizerEvent
const authorize = (authorization = `Bearer ${bearer}`, identity?: object, over?: object) =>
  authorizer(ports)(eventOf({ Authorization: [authorization] }, identity, over))
const codeOf = async (authorization?: string) => (await authorize(authorization)).context?.code ?? "Allow"
const codeFor = async (headers: Headers) => (await authorizer(ports)(eventOf(headers))).context?.code ?? "Allow"

/** What every line says of the request. */
const request = {
  at: Date.parse("2026-11-23T12:00:00Z"),
  apiId: "abcdef1234",
  requestId: "extended",
  ip: "203.0.113.7",
  route: "GET /users/{id}",
  userAgent: "curl",
}
const both = parseKeyring(
  JSON.stringify({
    mintFrom: { k2: "2026-01-01T00:00:00Z" },
    k1: "a-key-of-a-test-keyring-0123456789abcdef",
    k2: "another-key-of-a-test-keyring-0123456789",
  }),
)
const statementOf = (Effect: string) => ({
  Version: "2012-10-17",
  Statement: [
    {
      Action: "execute-api:Invoke",
      Effect,
      Resource: "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/api/GET/*",
    },
  ],
})

describe("what it asks of the table", () => {
  const reading = (...Keys: object[]) => ({
    operation: "BatchGetItem",
    RequestItems: { t: { Keys, ConsistentRead: true } },
  })

  test("both rows in one consistent read, and the same of a verification of no token, which leaves no line", async () => {
    expect(await codeOf()).toBe("Allow")
    expect(ports.asked).toEqual([reading(keyOf(tokenKey(tokenId)), keyOf(accountKey(accountId)))])
    ports = knownPorts()
    await warmUp(ports)
    expect(ports.asked).toEqual([reading(keyOf(tokenKey(0)), keyOf(accountKey(0)))])
    expect([ports.fetches, ports.lines]).toEqual([1, []])
  })

  test("what is unprocessed again, after a part of 50 ms, then of 100 ms: never at once, and never a fourth time", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1)
    const waits: number[] = []
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((done: () => void, milliseconds: number) => {
      // The deadline stands beside them.
      if (milliseconds > 1000) return
      waits.push(milliseconds)
      queueMicrotask(done)
    }) as typeof setTimeout)
    const token = keyOf(tokenKey(tokenId))
    const unprocessed = { ...found(accountRow()), UnprocessedKeys: { t: { Keys: [token] } } }
    ports.answers = [unprocessed, unprocessed, found(tokenRow())]
    expect(await codeOf()).toBe("Allow")
    expect(waits).toEqual([50, 100])
    expect(ports.asked.slice(1)).toEqual([reading(token), reading(token)])
    ports = Object.assign(knownPorts(), { answers: [unprocessed] })
    await expect(authorize()).rejects.toThrow(/^unprocessed keys$/)
    expect(ports.asked).toHaveLength(3)
  })

  test("an answer without rows, however it is written, is that of an unknown token", async () => {
    for (const empty of [{}, { Responses: {} }, found(), { UnprocessedKeys: {} }]) {
      ports.answers = [empty]
      expect(await codeOf()).toBe("invalid-token")
      expect(measuredIn(ports.lines.at(-1) as object)?.values).toEqual({ Refused: 1 })
    }
  })

  test("nothing, for what is no token of ours behind the scheme", async () => {
    for (const given of [
      ...[bearer, `Basic ${bearer}`, `Bearer${bearer}`, `Bearer\t${bearer}`, ` Bearer ${bearer}`, `Bearer ${bearer} `],
      ...[1, 7, 25, 26, 74, 75].map((at) => `${bearer.slice(0, at)}Bearer ${bearer.slice(at)}`),
    ])
      expect([given, await codeOf(given)]).toEqual([given, "invalid-token"])
    for (const second of [`Bearer ${bearer}`, "", " "]) {
      expect(await codeFor({ Authorization: [`Bearer ${bearer}`, second] })).toBe("invalid-token")
      expect(await codeFor({ authorization: [second], Authorization: [`Bearer ${bearer}`] })).toBe("invalid-token")
    }
    expect([ports.asked, ports.fetches]).toEqual([[], 0])
  })
})

describe("what it answers", () => {
  test("Allow, with the caller's context, for the method and nothing of other methods", async () => {
    expect(await authorize()).toEqual({
      principalId: "a@service",
      policyDocument: statementOf("Allow"),
      context: {
        ...{ accountId, userId: "a@service", userType: "Service", role: "Member", teams: "blue,red" },
        ...{ tokenId, handle, clientAddress: "203.0.113.7", expiresAt: undefined },
      },
    })
  })

  test("Deny to nobody by name, with the code in words", async () => {
    expect(await authorize("Bearer x")).toEqual({
      principalId: "refused",
      policyDocument: statementOf("Deny"),
      context: { code: "invalid-token", title: "Invalid token", detail: "The bearer token is not valid." },
    })
  })

  test("Allow for the scheme in any case, with any number of spaces, and a header's name in any case", async () => {
    for (const scheme of ["bearer ", "BEARER   "]) expect(await codeOf(`${scheme}${bearer}`)).toBe("Allow")
    expect(await codeFor({ aUTHORIZATION: [`Bearer ${bearer}`], "X-Authorization": ["x"] })).toBe("Allow")
  })

  test("exactly Unauthorized, thrown, where there is no credential, or a blank one", async () => {
    const none = [null, {}, { Authorization: undefined }, { Authorization: [] }, { Authorization: ["", " "] }]
    for (const headers of [...none, { "X-Authorization": [`Bearer ${bearer}`] }])
      await expect(authorizer(ports)(eventOf(headers))).rejects.toThrow(/^Unauthorized$/)
    expect([ports.asked, ports.fetches]).toEqual([[], 0])
    expect(ports.lines).toEqual(Array(6).fill({ event: "token.missing", ...request }))
  })

  test("a fault when the table hangs, at 2.8 seconds: a millisecond before, not yet", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    ports.answers = [new Promise(() => {})]
    const settled = vi.fn()
    const answer = authorize().finally(settled)
    const refused = expect(answer).rejects.toThrow(/^deadline$/)
    await vi.advanceTimersByTimeAsync(2799)
    expect(settled).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await refused
  })

  test("a fault for a row that is broken, which is no reason to fetch the secrets again", async () => {
    expect(await codeOf()).toBe("Allow")
    ports.clock.advance(60_000)
    ports.answers = [found(tokenRow({ current: secretOf(digest.subarray(1)) }), accountRow())]
    await expect(authorize()).rejects.toThrow(RangeError)
    expect(ports.fetches).toBe(1)
  })

  test("a fault for a row under an unknown key, which is; and Allow once the key is there", async () => {
    expect(await codeOf()).toBe("Allow")
    ports.clock.advance(60_000)
    ports.answers = [found(tokenRow({ current: secretOf(digestUnder(both, "k2", bearer), "k2") }), accountRow())]
    await expect(authorize()).rejects.toThrow('unknown key "k2"')
    expect(ports.fetches).toBe(2)
    ports.clock.advance(60_000)
    ports.fetchSecrets = async () => ({ keyring: both, edge: "the-edge-secret" })
    expect(await codeOf()).toBe("Allow")
    expect(ports.fetches).toBe(3)
  })
})

describe("what it writes", () => {
  const last = () => ports.lines.at(-1) as object
  const used = {
    ...{ event: "token.used", ...request, network: "203.0.113.0/24", handle, accountId, tokenId },
    ...{ matched: "current", generation: 1 },
  }

  test("token.used, when the row asks for a record, and else token.verified", async () => {
    await authorize()
    expect(last()).toEqual(used)
    const networks = { M: { "203.0.113.0/24": { N: "1" } } }
    ports.answers = [found(tokenRow({ lastUsed: { N: String(request.at - 60_000) }, networks }), accountRow())]
    await authorize()
    expect(last()).toEqual({ ...used, event: "token.verified" })
    ports.clock.advance(1)
    await authorize()
    expect(last()).toEqual({ ...used, at: request.at + 1 })
  })

  test("the new digest of a token under an older key, which is that of the key that mints", async () => {
    ports.fetchSecrets = async () => ({ keyring: both, edge: "the-edge-secret" })
    await authorize()
    const toDigest = digestUnder(both, "k2", bearer).toString("base64")
    expect(last()).toEqual({ ...used, rehash: { fromKeyPath: "k1", toKeyPath: "k2", digest: toDigest } })
  })

  test("the address that the CDN proves, beside the connection's network", async () => {
    const headers = { "x-symbolon-edge": "the-edge-secret", "x-symbolon-viewer": "198.51.100.9" }
    expect((await authorize(undefined, {}, { headers })).context?.clientAddress).toBe("198.51.100.9")
    expect(last()).toEqual({ ...used, ip: "198.51.100.9", network: "198.51.100.0/24" })
  })

  test("the request's id, where it has no extended one; the user agent without its tokens, cut to 200, or none", async () => {
    const userAgent = `${bearer} ${"x".repeat(300)}`
    await authorize(undefined, { userAgent })
    expect(last()).toEqual({ ...used, userAgent: `${handle}_… ${"x".repeat(172)}` })
    const { requestContext } = eventOf(null, { userAgent: undefined })
    await authorize(undefined, {}, { requestContext: { ...requestContext, extendedRequestId: undefined } })
    expect(last()).toEqual({ ...used, requestId: "request", userAgent: "" })
  })

  test("a refusal of what is no token of ours, with no handle", async () => {
    await authorize("Bearer x")
    expect(last()).toMatchObject({ event: "token.refused", code: "invalid-token", ...request })
    expect(last()).not.toHaveProperty("handle")
    expect(last()).not.toHaveProperty("claimedHandle")
    expect(last()).not.toHaveProperty("network")
  })

  const by = (Code: string) => [{ Stage: "test" }, { Stage: "test", Code }]
  test.each<[string, object[], string, object]>([
    ["an unknown token", [accountRow()], "invalid-token", {}],
    [
      "a wrong secret",
      [tokenRow({ current: secretOf(digest.toReversed()) }), accountRow()],
      "invalid-token",
      { WrongSecret: 1 },
    ],
    ["a token without an account", [tokenRow()], "invalid-token", { Orphan: 1 }],
  ])("the handle of %s as a claim, with the network", async (_, rows, code, finding) => {
    ports.answers = [found(...rows)]
    expect(await codeOf()).toBe(code)
    expect(last()).toMatchObject({ event: "token.refused", code, ...request, network: "203.0.113.0/24" })
    expect(last()).toMatchObject({ claimedHandle: handle })
    expect(last()).not.toHaveProperty("handle")
    expect(measuredIn(last())).toEqual({ values: { Refused: 1, ...finding }, by: by(code) })
  })

  test.each<[string, object[], string, object]>([
    ["revoked", [tokenRow({ state: { S: "REVOKED" } }), accountRow()], "token-revoked", {}],
    ["in an unknown state", [tokenRow({ state: { S: "X" } }), accountRow()], "token-revoked", { UnknownState: 1 }],
    ["of an inactive account", [tokenRow(), accountRow({ state: { S: "INACTIVE" } })], "account-inactive", {}],
  ])("the handle of a token that is %s as proven", async (_, rows, code, finding) => {
    ports.answers = [found(...rows)]
    expect(await codeOf()).toBe(code)
    expect(last()).toMatchObject({ event: "token.refused", code, ...request, network: "203.0.113.0/24", handle })
    expect(last()).not.toHaveProperty("claimedHandle")
    expect(measuredIn(last())).toEqual({ values: { Refused: 1, ...finding }, by: by(code) })
  })

  test("a fault, with the claim and the cause", async () => {
    ports.answers = [Promise.reject(new Error("down"))]
    await expect(authorize()).rejects.toThrow(/^down$/)
    expect(last()).toMatchObject({ event: "verification.failed", ...request, claimedHandle: handle, error: "down" })
    expect(measuredIn(last())).toEqual({ values: { AuthorizerFault: 1 }, by: [{ Stage: "test" }] })
  })

  test("and leaves no timer behind, neither of a verification nor of a fault", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    expect(await codeOf()).toBe("Allow")
    expect(vi.getTimerCount()).toBe(0)
    ports.answers = [Promise.reject(new Error("down"))]
    await expect(authorize()).rejects.toThrow("down")
    expect(vi.getTimerCount()).toBe(0)
  })
})
