import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { authorizer, type Ports, type Secrets, warmUp } from "../../functions/authorize.ts"
import { secretCache } from "../../shared/secret-cache.ts"
import { accountKey, type Key, tokenKey } from "../../shared/store/table.ts"
import { mint } from "../../shared/token/format.ts"
import { digestUnder, parseKeyring } from "../../shared/token/keyring.ts"
import { type Clock, frozenClock, testKeyring } from "../fakes.ts"

/** What the authorizer asks of the table, and what it makes of each answer that a real one gives rarely or never. */
const [accountId, tokenId] = [3812345678901234, 3812345678905678]
const bearer = mint("Service", accountId, tokenId, new Uint8Array(32).fill(7))
const digest = digestUnder(testKeyring(), "k1", bearer)

const keyOf = ({ PK, SK }: Key) => ({ PK: { S: PK }, SK: { S: SK } })
const [tokenRow, accountRow] = [keyOf(tokenKey(tokenId)), keyOf(accountKey(accountId))]
const secretOf = (bytes: Uint8Array, keyPath = "k1") => ({
  M: { keyPath: { S: keyPath }, generation: { N: "1" }, digest: { B: Buffer.from(bytes).toString("base64") } },
})
const tokenWith = (current: object) => ({
  ...{ ...tokenRow, id: { N: String(tokenId) }, accountId: { N: String(accountId) }, type: { S: "Service" } },
  ...{ state: { S: "ACTIVE" }, epoch: { N: "0" }, current },
})
const account = {
  ...{ ...accountRow, id: { N: String(accountId) }, userId: { S: "a@service" }, userType: { S: "Service" } },
  ...{ role: { S: "Member" }, teams: { L: [{ S: "blue" }, { S: "red" }] }, state: { S: "ACTIVE" }, epoch: { N: "0" } },
}
const found = () => ({ Responses: { t: [tokenWith(secretOf(digest)), account] } })

let clock: Clock
let asked: object[]
let answers: (() => Record<string, unknown>)[]
let lines: Record<string, unknown>[]
let fetches: number
let secrets: () => Promise<Secrets>
let ports: Ports
beforeEach(() => {
  clock = frozenClock()
  ;[asked, answers, lines, fetches] = [[], [found], [], 0]
  secrets = async () => ({ keyring: testKeyring(), edge: "edge" })
  ports = {
    now: clock.now,
    tableName: "t",
    stage: "test",
    /** The answers in turn; the last one again and again. */
    dynamodb: async (operation, input) => {
      asked.push({ operation, ...structuredClone(input) })
      return structuredClone((answers.length > 1 ? answers.shift() : answers[0])?.() ?? {})
    },
    secrets: secretCache(() => {
      fetches++
      return secrets()
    }, clock.now),
    write: (line) => void lines.push(line as Record<string, unknown>),
  }
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const eventOf = (multiValueHeaders: Record<string, string[] | undefined>, userAgent?: string) =>
  ({
    methodArn: "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/api/GET/users/me",
    httpMethod: "GET",
    resource: "/users/me",
    multiValueHeaders,
    requestContext: { apiId: "a", requestId: "r", identity: { sourceIp: "203.0.113.7", userAgent } },
  }) as unknown as APIGatewayRequestAuthorizerEvent
const authorize = (authorization = `Bearer ${bearer}`, userAgent?: string) =>
  authorizer(ports)(eventOf({ Authorization: [authorization] }, userAgent))
const codeOf = async (authorization?: string) => (await authorize(authorization)).context?.code ?? "Allow"

describe("what it asks of the table", () => {
  test("both rows in one consistent read, and the same of a verification of no token", async () => {
    expect(await codeOf()).toBe("Allow")
    const reading = (Keys: object[]) => [
      { operation: "BatchGetItem", RequestItems: { t: { Keys, ConsistentRead: true } } },
    ]
    expect(asked).toEqual(reading([tokenRow, accountRow]))
    asked = []
    await warmUp(ports)
    expect(asked).toEqual(reading([keyOf(tokenKey(0)), keyOf(accountKey(0))]))
  })

  test("only what is unprocessed again, after a part of 50 ms, then of 100 ms: never at once, and never three times", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1)
    const waits: unknown[] = []
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((done: () => void, milliseconds: number) => {
      // The deadline stands beside them.
      if (milliseconds < 2000) {
        waits.push(milliseconds)
        queueMicrotask(done)
      }
    }) as typeof setTimeout)
    const unprocessed = () => ({
      Responses: { t: [account] },
      UnprocessedKeys: { t: { Keys: [tokenRow] } },
    })
    answers = [unprocessed, unprocessed, () => ({ Responses: { t: [tokenWith(secretOf(digest))] } })]
    expect(await codeOf()).toBe("Allow")
    expect(waits).toEqual([50, 100])
    expect(asked.slice(1)).toEqual(
      Array(2).fill({ operation: "BatchGetItem", RequestItems: { t: { Keys: [tokenRow], ConsistentRead: true } } }),
    )
    ;[asked, answers] = [[], [unprocessed]]
    await expect(authorize()).rejects.toThrow(/^unprocessed keys$/)
    expect(asked).toHaveLength(3)
  })

  test("an answer without rows, however it is written, is that of an unknown token", async () => {
    for (const empty of [{}, { Responses: {} }, { Responses: { t: [] } }, { UnprocessedKeys: {} }]) {
      answers = [() => empty]
      expect(await codeOf()).toBe("invalid-token")
      expect(lines.at(-1)).not.toHaveProperty("WrongSecret")
    }
  })
})

describe("what it answers", () => {
  test("the caller's teams", async () => {
    expect((await authorize()).context).toMatchObject({ teams: "blue,red", userId: "a@service" })
  })

  test("a refusal to nobody by name, for the method and nothing of other methods", async () => {
    expect(await authorize("Bearer x")).toEqual({
      principalId: "refused",
      policyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Action: "execute-api:Invoke",
            Effect: "Deny",
            Resource: "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/api/GET/*",
          },
        ],
      },
      context: { code: "invalid-token", title: "Invalid token", detail: "The bearer token is not valid." },
    })
  })

  test("a token with the scheme anywhere but before it, as to what is none", async () => {
    for (const at of [1, 7, 25, 26, 74])
      expect(await codeOf(`${bearer.slice(0, at)}Bearer ${bearer.slice(at)}`)).toBe("invalid-token")
    expect(await codeOf(`${bearer}Bearer `)).toBe("invalid-token")
    expect(asked).toEqual([])
  })

  test("a header without any value, as to none", async () => {
    for (const headers of [{ Authorization: undefined }, { Authorization: [] }])
      await expect(authorizer(ports)(eventOf(headers))).rejects.toThrow(/^Unauthorized$/)
  })
})

describe("what it leaves behind", () => {
  test("no timer, neither of a verification nor of a fault", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    expect(await codeOf()).toBe("Allow")
    expect(vi.getTimerCount()).toBe(0)
    answers = [
      () => {
        throw new Error("down")
      },
    ]
    await expect(authorize()).rejects.toThrow("down")
    expect(vi.getTimerCount()).toBe(0)
  })

  test("no user agent, of a request that has none", async () => {
    await authorize()
    expect(lines.at(-1)).toMatchObject({ event: "token.used", userAgent: "" })
    await authorize(undefined, "curl")
    expect(lines.at(-1)).toMatchObject({ userAgent: "curl" })
  })

  test("the new digest of a token under an older key is that of the key that mints", async () => {
    const both = parseKeyring(
      JSON.stringify({
        mintFrom: { k2: "2026-01-01T00:00:00Z" },
        k1: "a-key-of-a-test-keyring-0123456789abcdef",
        k2: "another-key-of-a-test-keyring-0123456789",
      }),
    )
    secrets = async () => ({ keyring: both, edge: "edge" })
    expect(await codeOf()).toBe("Allow")
    const toDigest = digestUnder(both, "k2", bearer).toString("base64")
    expect(lines.at(-1)?.rehash).toEqual({ fromKeyPath: "k1", toKeyPath: "k2", digest: toDigest })
  })
})

test("a row that is broken is a fault, and no reason to fetch the secrets again", async () => {
  expect(await codeOf()).toBe("Allow")
  clock.advance(60_000)
  answers = [() => ({ Responses: { t: [tokenWith(secretOf(digest.subarray(1))), account] } })]
  await expect(authorize()).rejects.toThrow(RangeError)
  expect(fetches).toBe(1)
  expect(lines.at(-1)).toMatchObject({ event: "verification.failed" })
  // Of a key that nobody has heard of, they are.
  answers = [() => ({ Responses: { t: [tokenWith(secretOf(digest, "k2")), account] } })]
  await expect(authorize()).rejects.toThrow("unknown key")
  expect(fetches).toBe(2)
})
