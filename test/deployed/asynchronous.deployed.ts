import { randomUUID } from "node:crypto"
import { afterAll, beforeAll, expect, inject } from "vitest"
import { ApiProblem } from "../../shared/contract/client.ts"
import { until } from "../infra/local/fixture.ts"
import { insideTest, openTestStack, type RunningStack } from "../local-stack.ts"
import { aService } from "../people.ts"
import { awsAt } from "./aws.ts"
import type { Inside } from "./stack.ts"

/** What happens by itself on a deployed stage: nobody here invokes a job. */
let stack: RunningStack
beforeAll(async () => {
  stack = await openTestStack()
})
afterAll(() => stack.stop())

const emulator = () => inject("deployed").inside as Inside
const linesOf = (key: string, since: number) => awsAt(emulator().endpoint).lines(`/symbolon/dev/${key}`, since)

insideTest("a use reaches the token's row through the log's subscription", async () => {
  const since = Date.now() - 1000
  const service = await aService(stack)
  const lastUsed = async () => (await stack.admin["user-tokens/get"]({ id: service.tokenId })).last_used
  expect(await lastUsed()).toBeNull()
  await stack.as(service.bearerToken)["users/me"]({})
  await until(async () => (await lastUsed()) !== null)
  expect(await linesOf("authorizer", since)).toContain(`"tokenId":${service.tokenId}`)
  expect(await linesOf("jobs/record-usage", since)).toContain('"job":"record-usage","outcome":"done"')
})

insideTest("a schedule purges what was deleted", { timeout: 180_000 }, async () => {
  const user = await stack.admin["users/create"]({ body: { name: `s ${randomUUID()}`, role: "Member" } })
  const made = { name: "t", type: "Service", user_id: user.user_id, expiration: "7d" } as const
  const token = await stack.admin["user-tokens/create"]({ body: made })
  await stack.admin["users/update"]({ id: user.id, body: { active: false } })
  await stack.admin["users/delete"]({ id: user.id, query: { reason: "left to the schedule" } })
  // Of its five minutes, one is left.
  await awsAt(emulator().endpoint).reschedule(/symbolon-dev-jobs-purge/, "rate(1 minute)")
  const gone = async () =>
    stack.admin["users/get"]({ id: user.id }).then(
      () => false,
      (error) => error instanceof ApiProblem && error.status === 404,
    )
  await until(gone, 150_000)
  await expect(stack.as(token.bearer_token)["users/me"]({})).rejects.toMatchObject({
    problem: { type: "/api/problems/invalid-token" },
  })
  const { items } = await stack.admin["audit-events/list"]({ query: { user_id: user.user_id, limit: 3 } })
  expect(items.map(({ action, actor }) => [action, actor.user_id])).toEqual([
    ["account.deleted", "system:purge-deleted-accounts"],
    ["token.deleted", "system:purge-deleted-accounts"],
    ["account.deleting", "admin@example.com"],
  ])
})

insideTest("the deployment made the first administrator, once", async () => {
  const { items } = await stack.admin["audit-events/list"]({ query: { user_id: "admin@example.com", limit: 100 } })
  const created = items.filter(({ action }) => action === "account.created")
  expect(created).toMatchObject([{ actor: { user_id: "system:create-first-admin" }, after: { role: "Admin" } }])
})
