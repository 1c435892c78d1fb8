import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, expect, test } from "vitest"
import { createToken } from "../shared/store/tokens.ts"
import { anAdmin } from "./builders.ts"
import { until } from "./infra/local/fixture.ts"
import { type LocalTestStack, startTestStack } from "./local-stack.ts"
import { aService } from "./people.ts"

/** What the daily jobs make of tokens, through their real bundles and roles, as an administrator sees it over HTTP. */
let stack: LocalTestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

const day = 86_400_000

/** A token that was made so many days ago. */
async function anOldToken(days: number, expiration: string) {
  const service = await aService(stack)
  const body = { name: "old", type: "Service" as const, user_id: service.userId, expiration, allowed_cidrs: [] }
  const token = await createToken(stack.runtimeAt(Date.now() - days * day), anAdmin(), "all", body)
  return { ...token, userId: service.userId }
}
const flagsOf = async (id: number) => (await stack.admin["user-tokens/get"]({ id })).flags
const actionsOf = async (userId: string) => {
  const { items } = await stack.admin["audit-events/list"]({ query: { user_id: userId, limit: 100 } })
  return items.map(({ action }) => action)
}

test("a token that nobody used for 91 days is flagged, found by its flag, and loses it with its next use", async () => {
  const { id, userId, bearer_token } = await anOldToken(91, "never")
  const young = await anOldToken(89, "never")
  expect(await stack.runJob("flag-unused-tokens", {})).toMatchObject({ flagged: 1 })
  const { items } = await stack.admin["user-tokens/list-service"]({ query: { flag: "unused" } })
  expect(items.map((token) => token.id)).toEqual([id])
  expect(await flagsOf(young.id)).toEqual(["never-expires"])
  expect((await actionsOf(userId))[0]).toBe("token.unused")

  await stack.as(bearer_token)["users/me"]({})
  await until(async () => !(await flagsOf(id)).includes("unused"))
  expect(await stack.runJob("flag-unused-tokens", {})).toMatchObject({ flagged: 0 })
})

test("a token of its last week is reminded of, once", async () => {
  const { id, userId, handle } = await anOldToken(361, "1y")
  expect(await stack.runJob("remind-expiring-tokens", {})).toMatchObject({ reminded: expect.any(Number) })
  await stack.runJob("remind-expiring-tokens", {})
  expect(await flagsOf(id)).toEqual(["unused", "expiring"])
  const { items } = await stack.admin["audit-events/list"]({ query: { user_id: userId, action: "token.expiring" } })
  const own = items.filter(({ subject }) => subject.handle === handle)
  expect(own.map(({ after }) => after.days)).toEqual([7])
})

test("a use from another network is an event, whoever delivers it, and however often", async () => {
  const { id, userId, tokenId } = await aService(stack)
  const delivery = (network: string, at: number) => {
    const line = { event: "token.used", at, accountId: id, tokenId, network, matched: "current", generation: 1 }
    const logEvents = [{ id: "1", timestamp: at, message: JSON.stringify(line) }]
    return { awslogs: { data: gzipSync(JSON.stringify({ logEvents })).toString("base64") } }
  }
  const now = Date.now()
  await stack.runJob("record-usage", delivery("203.0.113.0/24", now))
  for (let n = 0; n < 2; n++) await stack.runJob("record-usage", delivery("198.51.100.0/24", now - 1000))
  const { items } = await stack.admin["audit-events/list"]({ query: { user_id: userId, action: "token.new-network" } })
  expect(items.map(({ after }) => after.networks)).toEqual([["198.51.100.0/24"]])
  const used = (await stack.admin["user-tokens/get"]({ id: tokenId })).last_used
  expect(Date.parse(used as string)).toBe(Math.floor(now / 1000) * 1000)
})
