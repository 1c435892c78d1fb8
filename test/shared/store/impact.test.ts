import { beforeAll, expect, test } from "vitest"
import { accountImpact, tokenImpact } from "../../../shared/store/impact.ts"
import { createToken } from "../../../shared/store/tokens.ts"
import { recordUsage } from "../../../shared/store/usage.ts"
import { createUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../../fakes.ts"
import { createTestTable } from "../../tables.ts"

/** The ends of what counts, on a clock that stands still. */
let runtime: FakeRuntime
let names = 0

beforeAll(async () => {
  runtime = fakeRuntime((await createTestTable()).table, frozenClock())
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
