import { gzipSync } from "node:zlib"
import { beforeAll, describe, expect, test, vi } from "vitest"
import { createTable } from "../../shared/store/dynamodb.ts"
import { type AccountItem, accountKey, type TokenItem, tokenKey } from "../../shared/store/table.ts"
import { createToken } from "../../shared/store/tokens.ts"
import { coalesce, recordUsage } from "../../shared/store/usage.ts"
import { createUser } from "../../shared/store/users.ts"
import { encodeId } from "../../shared/token/format.ts"
import { digestUnder, parseKeyring } from "../../shared/token/keyring.ts"
import { anAdmin } from "../builders.ts"
import { type FakeRuntime, fakeRuntime } from "../fakes.ts"
import { startFaultProxy } from "../fault-proxy.ts"
import { createTestTable, type TestTable, testClient } from "../tables.ts"

let table: TestTable
let runtime: FakeRuntime
let names = 0

beforeAll(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table)
})

async function aToken() {
  const name = `usage ${names++}`
  const { user } = await createUser(runtime, anAdmin(), { user_type: "Service", name, role: "Member", teams: [] })
  const body = { name: "t", type: "Service" as const, user_id: user.user_id, expiration: "30d", allowed_cidrs: [] }
  const token = await createToken(runtime, anAdmin(), "all", body)
  return { accountId: user.id, tokenId: token.id, bearerToken: token.bearer_token }
}

const line = (token: { accountId: number; tokenId: number }, at: number, more: object = {}) =>
  JSON.stringify({
    event: "token.used",
    at,
    accountId: token.accountId,
    tokenId: token.tokenId,
    network: "203.0.113.0/24",
    matched: "current",
    generation: 1,
    ...more,
  })
const record = (...lines: string[]) => recordUsage(runtime, anAdmin(), coalesce(lines))
const rowOf = (tokenId: number) => table.table.get<TokenItem>(tokenKey(tokenId))

describe("lines of a batch", () => {
  test("become one use of each token: the latest time, every network", () => {
    const [a, b] = [
      { accountId: 1, tokenId: 2 },
      { accountId: 3, tokenId: 4 },
    ]
    const uses = coalesce([
      line(a, 2000),
      line(b, 1000),
      "not a line",
      line(a, 3000, { network: "198.51.100.0/24" }),
      JSON.stringify({ event: "token.verified", userAgent: '"token.used"' }),
      line(a, 1000),
    ])
    expect(uses).toEqual([
      {
        tokenId: 2,
        accountId: 1,
        usedAt: 3000,
        networks: { "203.0.113.0/24": 2000, "198.51.100.0/24": 3000 },
        secrets: { 1: { firstAt: 1000, lastAt: 3000, network: "198.51.100.0/24" } },
      },
      {
        tokenId: 4,
        accountId: 3,
        usedAt: 1000,
        networks: { "203.0.113.0/24": 1000 },
        secrets: { 1: { firstAt: 1000, lastAt: 1000, network: "203.0.113.0/24" } },
      },
    ])
  })
})

describe("a record", () => {
  test("sets last_used, the network and the idle day, takes the flag away, and leaves the version", async () => {
    const token = await aToken()
    const before = (await rowOf(token.tokenId)) as TokenItem
    await table.put({ ...before, flaggedAt: 1, idlePK: "FLAG#00", idleSK: "000001#x" })
    const at = runtime.now() + 100 * 86_400_000
    await record(line(token, at))
    const after = (await rowOf(token.tokenId)) as TokenItem
    expect(after).toMatchObject({ lastUsed: at, networks: { "203.0.113.0/24": at }, version: before.version })
    expect(after.flaggedAt).toBeUndefined()
    expect(after.idlePK).toBe(before.idlePK)
    expect(String(after.idleSK) > String(before.idleSK)).toBe(true)
  })

  test("only moves forward: one millisecond before, at, and after the last", async () => {
    const token = await aToken()
    const at = runtime.now() + 5000
    await record(line(token, at))
    for (const [offset, expected] of [
      [-1, at],
      [0, at],
      [1, at + 1],
    ] as const) {
      await record(line(token, at + offset))
      expect((await rowOf(token.tokenId))?.lastUsed).toBe(expected)
    }
  })

  test("keeps the latest sixteen networks", async () => {
    const token = await aToken()
    for (let n = 0; n < 20; n++) await record(line(token, runtime.now() + n, { network: `10.0.${n}.0/24` }))
    const networks = Object.keys((await rowOf(token.tokenId))?.networks ?? {})
    expect(networks.toSorted()).toEqual(Array.from({ length: 16 }, (_, n) => `10.0.${n + 4}.0/24`).toSorted())
  })

  test("of a new network is news once; of one that is older than all that are kept, never; of a roaming token, no more", async () => {
    const token = await aToken()
    const news = async () =>
      (await table.dump())
        .filter(
          ({ action, subject }) => action === "token.new-network" && (subject as { id: number }).id === token.accountId,
        )
        .flatMap(({ after }) => (after as { networks: string[] }).networks)
    const day = 86_400_000
    const from = (n: number, at: number) => record(line(token, at, { network: `10.0.${n}.0/24` }))
    const start = runtime.now()
    for (let n = 0; n < 16; n++) await from(n, start + n * 3 * day)
    expect((await news()).length).toBe(15)
    const now = start + 48 * day
    for (let twice = 0; twice < 2; twice++) await from(99, start - day)
    expect(await news()).not.toContain("10.0.99.0/24")
    await from(16, now)
    expect(await news()).toContain("10.0.16.0/24")
    // From here on it comes from twenty networks in turn, all in a day.
    for (let n = 20; n < 40; n++) await from(n, now + n * 60_000)
    const many = (await news()).length
    for (let n = 20; n < 40; n++) await from(n, now + day / 2 + n * 60_000)
    expect((await news()).length).toBe(many)
    expect(await rowOf(token.tokenId)).toMatchObject({ lastUsed: now + day / 2 + 39 * 60_000 })
  })

  test("of a new network is news on the same day too; of one who has had sixteen within a day, no more: to the millisecond", async () => {
    const newsOf = async (tokenId: number) =>
      (await table.dump()).filter(
        ({ action, subject }) =>
          action === "token.new-network" && (subject as { handle: string }).handle.endsWith(encodeId(tokenId)),
      ).length
    const day = 86_400_000
    const roaming = async (oldest: number) => {
      const token = await aToken()
      const at = runtime.now() + day
      const networks = Object.fromEntries(Array.from({ length: 15 }, (_, n) => [`10.0.${n}.0/24`, at - 1000]))
      const row = (await rowOf(token.tokenId)) as TokenItem
      await table.put({ ...row, networks: { ...networks, "10.1.0.0/24": at - oldest }, lastUsed: at - 1000 })
      await record(line(token, at, { network: "198.51.100.0/24" }))
      return newsOf(token.tokenId)
    }
    expect([await roaming(day - 1), await roaming(day)]).toEqual([0, 1])
    const token = await aToken()
    await record(line(token, runtime.now() + 1000))
    await record(line(token, runtime.now() + 2000, { network: "198.51.100.0/24" }))
    expect(await newsOf(token.tokenId)).toBe(1)
  })

  test("reaches the account at most hourly", async () => {
    const token = await aToken()
    const last = async () => (await table.table.get<AccountItem>(accountKey(token.accountId)))?.lastUsed
    const at = runtime.now()
    await record(line(token, at))
    for (const [later, expected] of [
      [3_600_000 - 1, at],
      [3_600_000, at],
      [3_600_001, at + 3_600_001],
    ] as const) {
      await record(line(token, at + later))
      expect(await last()).toBe(expected)
    }
  })

  test("F4 of another account's token, of an unknown one, and a poisoned one, block none of the others", async () => {
    const [good, other] = [await aToken(), await aToken()]
    const at = runtime.now() + 1000
    const rows = (await table.dump()).length
    await record(
      line({ accountId: other.accountId, tokenId: good.tokenId }, at + 99_000),
      line({ accountId: 7, tokenId: 8 }, at),
      '{"event":"token.used","tokenId":"x"}',
      line(other, at),
    )
    expect((await rowOf(good.tokenId))?.lastUsed).toBeUndefined()
    expect((await rowOf(other.tokenId))?.lastUsed).toBe(at)
    expect((await table.dump()).length).toBe(rows)
  })

  test("moves a digest to the newer key, once, and only of the generation that was proven", async () => {
    const token = await aToken()
    const k2 = "another-key-of-a-test-keyring-0123456789"
    const keyring = parseKeyring(JSON.stringify({ mintFrom: {}, k1: "a-key-of-a-test-keyring-0123456789abcdef", k2 }))
    const digest = digestUnder(keyring, "k2", token.bearerToken).toString("base64")
    const rehash = { fromKeyPath: "k1", toKeyPath: "k2", digest }
    await record(line(token, runtime.now() + 1, { rehash, generation: 2 }))
    expect((await rowOf(token.tokenId))?.current.keyPath).toBe("k1")
    await record(line(token, runtime.now() + 2, { rehash }))
    const { current } = (await rowOf(token.tokenId)) as TokenItem
    expect([current.keyPath, current.generation, Buffer.from(current.digest).toString("base64")]).toEqual([
      "k2",
      1,
      digest,
    ])
    await record(line(token, runtime.now() + 3, { rehash: { ...rehash, digest: `${"A".repeat(43)}=` } }))
    expect((await rowOf(token.tokenId))?.current).toEqual(current)
  })

  test("F4 that meets a fault throws, so that it is delivered again, and then holds", async () => {
    const token = await aToken()
    let down = true
    const proxy = await startFaultProxy(table.endpoint, (operation) =>
      down && operation === "UpdateItem" ? "down" : undefined,
    )
    const faulted = { ...runtime, table: createTable(testClient(proxy.endpoint, 1), table.name) }
    const uses = coalesce([line(token, runtime.now() + 1000)])
    await expect(recordUsage(faulted, anAdmin(), uses)).rejects.toThrow("unavailable")
    down = false
    await recordUsage(faulted, anAdmin(), uses)
    await proxy.stop()
    expect((await rowOf(token.tokenId))?.lastUsed).toBe(runtime.now() + 1000)
  })
})

/** As CloudWatch Logs hands them to the job. */
/** That of the job's Lambda, whose one runtime all tests of this file share. */
function stubEnvironment(): void {
  vi.stubEnv("TABLE_NAME", table.name)
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", table.endpoint)
  vi.stubEnv("AWS_REGION", "us-east-1")
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, "test")
}

const delivery = (messages: readonly string[]) => {
  const logEvents = messages.map((message, n) => ({ id: String(n), timestamp: n, message }))
  return { awslogs: { data: gzipSync(JSON.stringify({ messageType: "DATA_MESSAGE", logEvents })).toString("base64") } }
}

/** Kills the mutant f4-poison-stops-usage. */
describe("F4 ten lines of usage, of which one is poisoned", () => {
  const poisons: [string, (good: string) => string][] = [
    ["no JSON", () => '{"event":"token.used"'],
    ["of another shape", () => '{"event":"token.used","tokenId":{},"accountId":[],"at":"now"}'],
    ["of a row that can't be", (good) => good.replace(/"tokenId":\d+/, '"tokenId":9007199254740991')],
    ["with a network that is none", (good) => good.replace("203.0.113.0/24", "x".repeat(100_000))],
    ["at an instant that is none", (good) => good.replace(/"at":\d+/, '"at":1e308')],
    ["NUL and lone surrogates", () => "\0\ud800 token.used"],
  ]
  test.each(poisons)("%s: the nine others are recorded, once, however the batch comes", async (_, poisoned) => {
    const { handler } = await import("../../functions/jobs/record-usage.ts")
    stubEnvironment()
    const tokens = await Promise.all(Array.from({ length: 9 }, () => aToken()))
    const at = runtime.now() + 1000
    const lines = tokens.map((token, n) => line(token, at + n))
    lines.splice(4, 0, poisoned(lines[4] as string))
    const deliver = (some: readonly string[]) => handler(delivery(some), { awsRequestId: "r" } as never)
    await deliver(lines)
    const recorded = () => Promise.all(tokens.map(({ tokenId }) => rowOf(tokenId)))
    const rows = await recorded()
    expect(rows.map((row) => row?.lastUsed)).toEqual(tokens.map((__, n) => at + n))
    const before = (await table.dump()).length
    // Twice; in part; in another order; and once more, from the dead-letter queue, after later ones.
    for (const some of [lines, lines.slice(0, 3), lines.toReversed(), []]) await deliver(some)
    expect(await recorded()).toEqual(rows)
    await deliver([line(tokens[0] as (typeof tokens)[0], at + 90_000)])
    await deliver(lines)
    expect((await recorded()).map((row) => row?.lastUsed)).toEqual(
      tokens.map((__, n) => (n === 0 ? at + 90_000 : at + n)),
    )
    expect((await table.dump()).length).toBe(before)
  })
})

test("the job takes what CloudWatch Logs delivers", async () => {
  const { handler } = await import("../../functions/jobs/record-usage.ts")
  const token = await aToken()
  stubEnvironment()
  const at = runtime.now() + 1000
  const data = { messageType: "DATA_MESSAGE", logEvents: [{ id: "1", timestamp: at, message: line(token, at) }] }
  const event = { awslogs: { data: gzipSync(JSON.stringify(data)).toString("base64") } }
  await handler(event, { awsRequestId: "r" } as never)
  expect((await rowOf(token.tokenId))?.lastUsed).toBe(at)
})
