import { afterAll, beforeAll, expect, test } from "vitest"
import { type RunningStack, startTestStack } from "../local-stack.ts"
import { aHuman } from "../people.ts"

/** The two jobs that only an operator invokes, through their real bundles. */
let stack: RunningStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

test("a first administrator is made once, and never again, whoever is asked for", async () => {
  for (const email of ["admin@example.com", "second@example.com"])
    expect(await stack.runJob("create-first-admin", { email })).toEqual({ created: false })
  const { items } = await stack.admin["users/list"]({ query: { user_type: "User" } })
  expect(items.map(({ user_id }) => user_id)).toEqual(["admin@example.com"])
})

test("a token is issued for an active administrator only, and its making is in the audit trail", async () => {
  const member = await aHuman(stack, "Member")
  const admin = await aHuman(stack, "Admin")
  const issue = (email: string) => stack.runJob("issue-admin-token", { email })
  await expect(issue(member.userId)).rejects.toThrow("not an active administrator's email")
  await expect(issue("nobody@example.com")).rejects.toThrow("not an active administrator's email")
  const { bearer_token } = (await issue(admin.userId.toUpperCase())) as { bearer_token: string }
  expect((await stack.as(bearer_token)["users/me"]({})).user_id).toBe(admin.userId)
  await stack.admin["users/update"]({ id: admin.id, body: { active: false } })
  await expect(issue(admin.userId)).rejects.toThrow("not an active administrator's email")
  const rows = await stack.rows.dump()
  const made = rows.filter(({ action, actor }) => action === "token.created" && (actor as { id: number }).id === 0)
  expect(made.map(({ actor }) => (actor as { userId: string }).userId)).toEqual(
    Array(made.length).fill("system:issue-admin-token"),
  )
  expect(made.length).toBe(2)
})

test("an event that isn't one is refused, and repeats nothing", async () => {
  for (const event of [{}, { email: "canary" }, { email: "a@example.com", more: "canary" }]) {
    const refusal = await stack.runJob("create-first-admin", event).then(String, String)
    expect(refusal).toContain("validation-failed")
    expect(refusal).not.toContain("canary")
  }
})
