import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { ApiProblem, type Client } from "../shared/contract/client.ts"
import { createToken } from "../shared/store/tokens.ts"
import { anAdmin } from "./builders.ts"
import { type LocalTestStack, startTestStack } from "./local-stack.ts"
import { aHuman, aService, type Person } from "./people.ts"

/** What an act would stop, told before it, is what it stops. */
let stack: LocalTestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

const day = 86_400_000
const whole = (at: number) => new Date(Math.floor(at / 1000) * 1000).toISOString().replace(".000", "")

interface Issued {
  id: number
  name: string
  bearer_token: string
}

/** As the authorizer's log would tell of it. */
async function used(accountId: number, tokenId: number, network: string, at: number): Promise<void> {
  const line = { event: "token.used", at, accountId, tokenId, network, matched: "current", generation: 1 }
  const logEvents = [{ id: "1", timestamp: at, message: JSON.stringify(line) }]
  const data = gzipSync(JSON.stringify({ logEvents })).toString("base64")
  await stack.runJob("record-usage", { awslogs: { data } })
}

const serviceToken = (user_id: string, name: string): Promise<Issued> =>
  stack.admin["user-tokens/create"]({ body: { name, type: "Service", user_id, expiration: "30d" } })

/** One that expired yesterday. */
const expiredToken = (user_id: string): Promise<Issued> =>
  createToken(stack.runtimeAt(Date.now() - 8 * day), anAdmin(), "all", {
    name: "expired",
    type: "Service",
    user_id,
    expiration: "7d",
    allowed_cidrs: [],
  })

/** The ids of those that are accepted. */
async function accepted(tokens: readonly Issued[]): Promise<number[]> {
  const statuses = await Promise.all(tokens.map((token) => stack.send("/users/me", { token: token.bearer_token })))
  return tokens.flatMap(({ id }, at) => (statuses[at]?.status === 200 ? [id] : []))
}

const statusOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 200,
    (error) => (error instanceof ApiProblem ? error.status : error),
  )
const sorted = (ids: readonly number[]) => ids.toSorted((a, b) => a - b)

/** An account with a token of each kind, in use or not, and what its impact is said to be. */
async function anAccountInUse() {
  const { id, userId, tokenId, bearerToken } = await aService(stack)
  const first = { id: tokenId, name: "first", bearer_token: bearerToken }
  const [second, unused, revoked] = await Promise.all(
    ["second", "unused", "revoked"].map((name) => serviceToken(userId, name)),
  )
  if (!second || !unused || !revoked) throw new Error("unreachable")
  const expired = await expiredToken(userId)
  await stack.admin["user-tokens/update"]({ id: revoked.id, body: { active: false } })
  const now = Date.now()
  await used(id, first.id, "203.0.113.0/24", now - 3 * day)
  await used(id, first.id, "198.51.100.0/24", now - 31 * day)
  await used(id, second.id, "203.0.113.0/24", now - day)
  await used(id, second.id, "2001:db8:1::/48", now - 2 * day)
  await used(id, revoked.id, "192.0.2.0/24", now - 4 * day)
  return { id, now, first, second, unused, all: [first, second, unused, revoked, expired] }
}

test("an account's impact is that of its tokens together; those that work now would stop, used last first", async () => {
  const { id, now, first, second, unused } = await anAccountInUse()
  const impact = await stack.admin["users/impact"]({ id })
  expect(impact).toMatchObject({ last_used: whole(now - day), children: 0 })
  expect(impact.networks).toEqual([
    { network: "203.0.113.0/24", last_used: whole(now - day) },
    { network: "2001:db8:1::/48", last_used: whole(now - 2 * day) },
    { network: "192.0.2.0/24", last_used: whole(now - 4 * day) },
  ])
  const of = ({ id, name, bearer_token }: Issued, at: number | undefined, network: string | null) => {
    const last_used = at === undefined ? null : whole(at)
    return { id, name, type: "Service", handle: bearer_token.slice(0, 25), last_used, network }
  }
  expect(impact.stops).toEqual([
    of(second, now - day, "203.0.113.0/24"),
    of(first, now - 3 * day, "203.0.113.0/24"),
    of(unused, undefined, null),
  ])
  expect(JSON.stringify(impact)).not.toContain(first.bearer_token.slice(26))
})

describe("what it says would stop is refused afterwards, and nothing else is", () => {
  const acts: [string, (admin: Client, id: number) => Promise<unknown>][] = [
    ["deactivated", (admin, id) => admin["users/update"]({ id, body: { active: false } })],
    ["left without tokens", (admin, id) => admin["users/revoke-tokens"]({ id })],
  ]

  test.each(acts)("when an account is %s", async (_what, act) => {
    const { id, all } = await anAccountInUse()
    const other = await aService(stack)
    const everyone = [...all, { id: other.tokenId, name: "other's", bearer_token: other.bearerToken }]
    const stops = (await stack.admin["users/impact"]({ id })).stops.map((token) => token.id)
    expect(sorted(await accepted(everyone))).toEqual(sorted([...stops, other.tokenId]))
    await act(stack.admin, id)
    expect(await accepted(everyone)).toEqual([other.tokenId])
    expect((await stack.admin["users/impact"]({ id })).stops).toEqual([])
  })

  test("when one token is revoked, and after it is restored", async () => {
    const { first, all } = await anAccountInUse()
    const stops = async () => (await stack.admin["user-tokens/impact"]({ id: first.id })).stops.map((token) => token.id)
    expect(await stops()).toEqual([first.id])
    const before = await accepted(all)
    await stack.admin["user-tokens/update"]({ id: first.id, body: { active: false } })
    expect(await accepted(all)).toEqual(before.filter((id) => id !== first.id))
    expect(await stops()).toEqual([])
    await stack.admin["user-tokens/update"]({ id: first.id, body: { active: true } })
    expect(await stops()).toEqual([first.id])
  })

  test("when the one is revoked that others were made with: those are counted, and go on", async () => {
    const human = await aHuman(stack, "Member")
    const make = (name: string): Promise<Issued> =>
      stack.as(human.bearerToken)["user-tokens/create"]({ body: { name, type: "Personal", expiration: "7d" } })
    const [one, two, gone] = [await make("one"), await make("two"), await make("gone")]
    await stack.admin["user-tokens/update"]({ id: gone.id, body: { active: false } })
    const parent = { id: human.tokenId, name: "mine", bearer_token: human.bearerToken }
    const impact = await stack.as(one.bearer_token)["user-tokens/impact"]({ id: parent.id })
    expect(impact).toMatchObject({ children: 2, stops: [{ id: parent.id, type: "Personal" }] })
    expect((await stack.admin["user-tokens/impact"]({ id: one.id })).children).toBe(0)
    const told = await stack.admin["user-tokens/update"]({ id: parent.id, body: { active: false } })
    expect(told.children).toBe(impact.children)
    expect(await accepted([parent, one, two, gone])).toEqual([one.id, two.id])
  })
})

test("a token's impact is its own, though its account is used elsewhere; what was deleted counts for the account", async () => {
  const { id, now, first, second, unused } = await anAccountInUse()
  const impactOf = (tokenId: number) => stack.admin["user-tokens/impact"]({ id: tokenId })
  expect(await impactOf(first.id)).toMatchObject({
    last_used: whole(now - 3 * day),
    networks: [{ network: "203.0.113.0/24", last_used: whole(now - 3 * day) }],
  })
  expect(await impactOf(unused.id)).toMatchObject({ last_used: null, networks: [], stops: [{ network: null }] })
  await stack.admin["user-tokens/update"]({ id: second.id, body: { active: false } })
  await stack.admin["user-tokens/delete"]({ id: second.id })
  expect(await statusOf(impactOf(second.id))).toBe(404)
  const left = await stack.admin["users/impact"]({ id })
  expect(left.last_used).toBe(whole(now - day))
  expect(left.networks.map(({ network }) => network)).toEqual(["203.0.113.0/24", "192.0.2.0/24"])
})

describe("who may ask", () => {
  const ask = (who: Person, id: number) => statusOf(stack.as(who.bearerToken)["users/impact"]({ id }))
  const askOf = (who: Person, id: number) => statusOf(stack.as(who.bearerToken)["user-tokens/impact"]({ id }))

  test("a human for itself and its personal tokens, whatever its role; of anybody else it is told nothing", async () => {
    const service = await aService(stack)
    for (const role of ["Member", "Editor", "Manager"] as const) {
      const [human, other] = [await aHuman(stack, role), await aHuman(stack, "Admin")]
      expect([await ask(human, human.id), await askOf(human, human.tokenId)]).toEqual([200, 200])
      for (const { id, tokenId } of [other, service])
        expect([await ask(human, id), await askOf(human, tokenId)]).toEqual([404, 404])
      expect([await ask(other, human.id), await askOf(other, human.tokenId)]).toEqual([200, 200])
    }
  })

  test("a service account not even for itself, or a leaked token would tell of the others; but an administrator", async () => {
    const service = await aService(stack, "Manager")
    expect([await ask(service, service.id), await askOf(service, service.tokenId)]).toEqual([404, 404])
    const admin = await aService(stack, "Admin")
    expect([await ask(admin, admin.id), await askOf(admin, admin.tokenId)]).toEqual([200, 200])
  })

  test("a session is never shown: not by its id, nor among what stops", async () => {
    const human = await aHuman(stack, "Member")
    const rows = await stack.rows.dump()
    const session = rows.find((row) => row.type === "Session" && row.accountId === human.id)
    expect(await statusOf(stack.admin["user-tokens/impact"]({ id: session?.id as number }))).toBe(404)
    const { stops } = await stack.admin["users/impact"]({ id: human.id })
    expect(stops.map(({ id }) => id)).toEqual([human.tokenId])
  })
})
