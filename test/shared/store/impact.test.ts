import { beforeAll, expect, test } from "vitest"
import { accountImpact, tokenImpact } from "../../../shared/store/impact.ts"
import { tokenKey } from "../../../shared/store/table.ts"
import { createToken } from "../../../shared/store/tokens.ts"
import { recordUsage } from "../../../shared/store/usage.ts"
import { createUser } from "../../../shared/store/users.ts"
import { handleOf, newId } from "../../../shared/token/format.ts"
import { anAdmin } from "../../builders.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../../fakes.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

/** The ends of what counts, on a clock that stands still. */
let runtime: FakeRuntime
let table: TestTable
let names = 0

beforeAll(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table, frozenClock())
})

const days = 86_400_000
const instant = (at: number) => `${new Date(at).toISOString().slice(0, -5)}Z`

async function anAccount(tokens: number) {
  const name = `account ${names++}`
  const { user } = await createUser(runtime, anAdmin(), { user_type: "Service", name, role: "Member", teams: [] })
  const body = { type: "Service" as const, user_id: user.user_id, expiration: "30d", allowed_cidrs: [] }
  const made: number[] = []
  for (let n = 0; n < tokens; n++)
    made.push((await createToken(runtime, anAdmin(), "all", { ...body, name: `t${n}` })).id)
  return { id: user.id, tokens: made as [number, ...number[]] }
}

/** With a session, and what makes personal tokens as it, or as one of them. */
async function aHuman() {
  const email = `human${names++}@example.com`
  const { user } = await createUser(runtime, anAdmin(), {
    ...{ user_type: "User", name: "A human", role: "Member", teams: [], email },
  })
  const session = newId(runtime.now() - names, crypto.getRandomValues(new Uint8Array(2)))
  await table.put({ ...tokenKey(session), id: session, accountId: user.id, type: "Session", state: "ACTIVE", epoch: 0 })
  const caller = (tokenId = session) => anAdmin({ accountId: user.id, userId: email, role: "Member", tokenId })
  const make = (name: string, by = session) =>
    createToken(runtime, caller(by), "own", { name, type: "Personal", expiration: "7d", allowed_cidrs: [] })
  return { id: user.id, caller, make }
}

async function used(accountId: number, tokenId: number, networks: Record<string, number>): Promise<void> {
  const usedAt = Math.max(...Object.values(networks))
  await recordUsage(runtime, anAdmin(), [{ accountId, tokenId, usedAt, networks, secrets: {} }])
}
const ofAccount = (id: number) => accountImpact(runtime, anAdmin(), "all", id)
const ofToken = (id: number) => tokenImpact(runtime, anAdmin(), "all", id)

test("a network counts for thirty days: a millisecond less, exactly, and one more", async () => {
  const { id, tokens } = await anAccount(1)
  const since = runtime.now() - 30 * days
  await used(id, tokens[0], { "10.0.0.0/24": since + 1, "10.0.1.0/24": since, "10.0.2.0/24": since - 1 })
  for (const impact of [await ofAccount(id), await ofToken(tokens[0])]) {
    expect(impact.networks).toEqual([
      { network: "10.0.0.0/24", last_used: instant(since + 1) },
      { network: "10.0.1.0/24", last_used: instant(since) },
    ])
    expect(impact.last_used).toBe(instant(since + 1))
  }
})

test("a token that isn't used for longer has no network of late, but still the one it was used from last", async () => {
  const { id, tokens } = await anAccount(1)
  const at = runtime.now() - 40 * days
  await used(id, tokens[0], { "10.0.0.0/24": at - 1, "10.0.1.0/24": at })
  expect(await ofToken(tokens[0])).toMatchObject({
    last_used: instant(at),
    networks: [],
    stops: [{ last_used: instant(at), network: "10.0.1.0/24" }],
  })
})

test("a network of several tokens is one, of its latest use, whichever token's that is", async () => {
  const { id, tokens } = await anAccount(2)
  const now = runtime.now()
  const [one, other] = tokens as [number, number]
  await used(id, one, { "10.0.0.0/24": now - 4 * days, "10.0.1.0/24": now - days, "10.0.2.0/24": now - 31 * days })
  await used(id, other, { "10.0.0.0/24": now - 2 * days, "10.0.1.0/24": now - 3 * days, "10.0.2.0/24": now - 5 * days })
  expect((await ofAccount(id)).networks).toEqual([
    { network: "10.0.1.0/24", last_used: instant(now - days) },
    { network: "10.0.0.0/24", last_used: instant(now - 2 * days) },
    { network: "10.0.2.0/24", last_used: instant(now - 5 * days) },
  ])
})

test("the account's last use is its tokens' latest, to the second, though its own is hourly", async () => {
  const { id, tokens } = await anAccount(1)
  const at = runtime.now() - days
  await used(id, tokens[0], { "10.0.0.0/24": at })
  await used(id, tokens[0], { "10.0.0.0/24": at + 60_000 })
  expect((await ofAccount(id)).last_used).toBe(instant(at + 60_000))
})

test("of tokens that nobody has used the newest stands first", async () => {
  const { id, tokens } = await anAccount(3)
  expect((await ofAccount(id)).stops.map((token) => token.id)).toEqual(tokens.toSorted((a, b) => b - a))
  expect(await ofAccount(id)).toMatchObject({ last_used: null, networks: [] })
})

test("what would stop works now: until the millisecond before its expiry", async () => {
  const { id, tokens } = await anAccount(1)
  const start = runtime.now()
  for (const [after, stopping] of [
    [-1, tokens],
    [0, []],
    [1, []],
  ] as const) {
    runtime.clock.set(start + 30 * days + after)
    for (const { stops } of [await ofAccount(id), await ofToken(tokens[0])])
      expect(stops.map((token) => token.id)).toEqual(stopping)
  }
  runtime.clock.set(start)
})

test("what would stop is told whole, the last used first, with the network that it was used from last", async () => {
  const { id, tokens } = await anAccount(3)
  const [one, two, three] = tokens as [number, number, number]
  const at = runtime.now() - 3 * days
  await used(id, two, { "10.0.0.0/24": at, "10.0.1.0/24": at - 1 })
  await used(id, one, { "10.0.2.0/24": at + 1000 })
  const of = (tokenId: number, name: string, last_used: string | null, network: string | null) => ({
    ...{ id: tokenId, name, type: "Service", handle: handleOf("Service", id, tokenId), last_used, network },
  })
  expect(await ofAccount(id)).toEqual({
    last_used: instant(at + 1000),
    children: 0,
    networks: [
      { network: "10.0.2.0/24", last_used: instant(at + 1000) },
      { network: "10.0.0.0/24", last_used: instant(at) },
      { network: "10.0.1.0/24", last_used: instant(at - 1) },
    ],
    stops: [
      of(one, "t0", instant(at + 1000), "10.0.2.0/24"),
      of(two, "t1", instant(at), "10.0.0.0/24"),
      of(three, "t2", null, null),
    ],
  })
  expect((await ofToken(one)).children).toBe(0)
})

test("of a human's token those that were made with it are counted, and go on: they are not among what stops", async () => {
  const { id, make } = await aHuman()
  const parent = await make("parent")
  await make("child", parent.id)
  await make("another's")
  expect(await ofToken(parent.id)).toMatchObject({
    children: 1,
    stops: [{ id: parent.id, name: "parent", type: "Personal", handle: parent.handle }],
  })
  const { children, stops } = await ofAccount(id)
  expect([children, stops.map(({ name }) => name).sort()]).toEqual([0, ["another's", "child", "parent"]])
})

test("a human may ask about itself; of anybody else, and a service account even of itself, it is not-found", async () => {
  const notFound = { code: "not-found" }
  const { id, caller, make } = await aHuman()
  const parent = await make("parent")
  expect((await accountImpact(runtime, caller(), "own", id)).stops).toMatchObject([{ id: parent.id }])
  const service = await anAccount(1)
  await expect(accountImpact(runtime, caller(), "own", service.id)).rejects.toMatchObject(notFound)
  const itself = anAdmin({ accountId: service.id, userType: "Service", role: "Manager", tokenId: service.tokens[0] })
  await expect(accountImpact(runtime, itself, "own", service.id)).rejects.toMatchObject(notFound)
  expect((await accountImpact(runtime, itself, "all", service.id)).stops).toHaveLength(1)
  await expect(accountImpact(runtime, caller(), "all", 7)).rejects.toMatchObject(notFound)
})
