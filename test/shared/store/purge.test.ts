import { expect, test } from "vitest"
import { emailKeyOf } from "../../../shared/store/accounts.ts"
import { system } from "../../../shared/store/audit.ts"
import { deleteUser, purgeDeletedAccounts } from "../../../shared/store/deletion.ts"
import type { AccountItem, IdentityItem } from "../../../shared/store/table.ts"
import { accountKey, userIdKey } from "../../../shared/store/table.ts"
import { createUser, updateUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { fakeRuntime, frozenClock } from "../../fakes.ts"
import { createTestTable } from "../../tables.ts"

/** Accounts that are being deleted, and are not as their deletion expects them: nothing of ours does that, a hand at the table can. */
async function aStage() {
  const { table, put } = await createTestTable()
  const clock = frozenClock()
  const runtime = fakeRuntime(table, clock)
  return {
    runtime,
    table,
    put,
    deleted: async (name: string, more: { user_type?: "User"; email?: string } = {}) => {
      const body = { user_type: "Service" as const, name, role: "Member" as const, teams: [], ...more }
      const { user } = await createUser(runtime, anAdmin(), body)
      await updateUser(runtime, anAdmin(), user.id, { active: false }, undefined)
      await deleteUser(runtime, anAdmin(), user.id, undefined)
      clock.advance(1000)
      return user
    },
    isGone: async ({ id }: { id: number }) => (await table.get<AccountItem>(accountKey(id))) === undefined,
    purge: () => purgeDeletedAccounts(runtime, system("purge-deleted-accounts", "r")),
  }
}

test("F4 an account that can't be purged holds up no other: it is told, and tried again", async () => {
  const { deleted, put, table, runtime, purge, isGone } = await aStage()
  const older = await deleted("older")
  // The list begins with it.
  const broken = await deleted("broken")
  const guard = (await table.get<IdentityItem>(userIdKey(broken.user_id))) as IdentityItem
  await put({ ...guard, accountId: 1 })
  await expect(purge()).rejects.toThrow("1 accounts can't be purged")
  expect([await isGone(older), await isGone(broken)]).toEqual([true, false])
  expect(runtime.lines).toContainEqual(expect.objectContaining({ event: "purge.failed", accountId: broken.id }))

  await put({ ...guard })
  expect(await purge()).toBe(1)
  expect(await isGone(broken)).toBe(true)
})

test("F4 an email that somebody else has, as a replay may leave it, stays theirs", async () => {
  const { deleted, put, table, purge, isGone } = await aStage()
  const human = await deleted("human", { user_type: "User", email: "one@example.com" })
  const theirs = emailKeyOf("one@example.com")
  const guard = (await table.get<IdentityItem>(theirs)) as IdentityItem
  await put({ ...guard, accountId: 1 })
  expect(await purge()).toBe(1)
  expect([await isGone(human), (await table.get<IdentityItem>(theirs))?.accountId]).toEqual([true, 1])
})
