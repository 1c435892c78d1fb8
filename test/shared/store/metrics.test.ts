import { beforeAll, beforeEach, describe, expect, test } from "vitest"
import { Unavailable } from "../../../shared/runtime.ts"
import { system } from "../../../shared/store/audit.ts"
import { deleteUser, purgeDeletedAccounts } from "../../../shared/store/deletion.ts"
import { createTable, type Table } from "../../../shared/store/dynamodb.ts"
import { idempotencyOf } from "../../../shared/store/idempotency.ts"
import { type AccountItem, accountKey } from "../../../shared/store/table.ts"
import { createFirstAdmin, createUser, updateUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { measuredIn, valuesIn } from "../../emf.ts"
import { type FakeRuntime, fakeRuntime } from "../../fakes.ts"
import { startFaultProxy } from "../../fault-proxy.ts"
import { createTestTable, type TestTable, testClient } from "../../tables.ts"

let table: TestTable
let runtime: FakeRuntime
beforeAll(async () => {
  table = await createTestTable()
})
beforeEach(() => {
  runtime = fakeRuntime(table.table)
  runtime.randomBytes = (size) => crypto.getRandomValues(new Uint8Array(size))
})

type Role = AccountItem["role"]
let names = 0
const create = (role: Role, user_type: "Service" | "User" = "Service") => {
  const name = `n ${names++}`
  const body = { user_type, name, role, teams: [], ...(user_type === "User" && { email: `${names}@example.com` }) }
  return createUser(runtime, anAdmin(), body)
}
const change = (id: number, changes: Parameters<typeof updateUser>[3]) =>
  updateUser(runtime, anAdmin(), id, changes, undefined)

describe("an administrator", () => {
  const granted = () => valuesIn(runtime.lines)
  const once = [{ AdminGranted: 1 }]

  test.each(["Service", "User"] as const)("is measured when it is made: %s", async (userType) => {
    const { user } = await create("Admin", userType)
    expect(granted()).toEqual(once)
    const [line] = runtime.lines
    expect(line).toMatchObject({ event: "admin.granted", accountId: user.id, byAccountId: 1, requestId: "request" })
    expect(line && measuredIn(line)?.by).toEqual([{ Stage: "test" }])
  })

  test("is measured when an account is promoted, an inactive one too, and again after a demotion", async () => {
    const { user } = await create("Manager")
    await change(user.id, { role: "Admin" })
    expect(granted()).toEqual(once)
    await change(user.id, { role: "Member", active: false })
    expect(granted()).toEqual(once)
    await change(user.id, { role: "Admin" })
    expect(granted()).toEqual([...once, ...once])
  })

  test("is the first one too, once", async () => {
    const other = await createTestTable()
    runtime = fakeRuntime(other.table)
    const actor = system("create-first-admin", "r")
    expect(await createFirstAdmin(runtime, actor, "first@example.com")).toBe(true)
    expect(await createFirstAdmin(runtime, actor, "second@example.com")).toBe(false)
    expect(granted()).toEqual(once)
  })

  test("is not measured for another role, nor when the role stays", async () => {
    await create("Manager")
    const { user } = await create("Admin")
    expect(granted()).toEqual(once)
    await change(user.id, { name: "another name" })
    await change(user.id, { role: "Admin" })
    await change(user.id, { active: false })
    await change(user.id, { active: true })
    expect(granted()).toEqual(once)
  })

  test("is not measured again when a repeat is answered", async () => {
    const body = { user_type: "Service" as const, name: "repeated", role: "Admin" as const, teams: [] }
    const key = idempotencyOf(1, "key", "POST /users", body)
    const first = await createUser(runtime, anAdmin(), body, key)
    expect(await createUser(runtime, anAdmin(), body, key)).toEqual(first)
    expect(granted()).toEqual(once)
  })

  test("is not measured when the transaction fails", async () => {
    const { user } = await create("Member")
    const body = { user_type: "Service" as const, name: user.name, role: "Admin" as const, teams: [] }
    await expect(createUser(runtime, anAdmin(), body)).rejects.toThrow("user-id-taken")
    const proxy = await startFaultProxy(table.endpoint, (operation) =>
      operation === "TransactWriteItems" ? "server-error" : undefined,
    )
    const faulted: FakeRuntime = { ...runtime, table: createTable(testClient(proxy.endpoint, 1), table.name) }
    await expect(updateUser(faulted, anAdmin(), user.id, { role: "Admin" }, undefined)).rejects.toThrow("unavailable")
    await proxy.stop()
    expect(granted()).toEqual([])
  })
})

describe("a purge", () => {
  const minute = 60_000
  const purge = (on: Table = runtime.table) =>
    purgeDeletedAccounts({ ...runtime, table: on }, system("purge-deleted-accounts", "r"))
  const ages = () => valuesIn(runtime.lines).flatMap(({ PurgeAge }) => (PurgeAge === undefined ? [] : [PurgeAge]))

  async function aDeletion(): Promise<number> {
    const { user } = await create("Member")
    await change(user.id, { active: false })
    await deleteUser(runtime, anAdmin(), user.id, undefined)
    return user.id
  }

  test("says 0 when nothing waits", async () => {
    expect(await purge()).toBe(0)
    expect(ages()).toEqual([0])
    expect(measuredIn(runtime.lines.at(-1) as object)?.by).toEqual([{ Stage: "test" }])
  })

  test("says how many seconds ago the oldest deletion began that it finds, and a repeated request begins none", async () => {
    const oldest = await aDeletion()
    runtime.clock.advance(20 * minute)
    await deleteUser(runtime, anAdmin(), oldest, undefined)
    await aDeletion()
    runtime.clock.advance(10 * minute + 1500)
    expect(await purge()).toBe(2)
    expect(ages()).toEqual([30 * 60 + 1.5])
    expect(await purge()).toBe(0)
    expect(ages().at(-1)).toBe(0)
  })

  test("says so before it begins, so that one which fails each time is seen to age", async () => {
    const id = await aDeletion()
    const down: Table = { ...runtime.table, transact: () => Promise.reject(new Unavailable("down")) }
    for (const expected of [300, 600]) {
      runtime.clock.advance(5 * minute)
      await expect(purge(down)).rejects.toThrow("down")
      expect(ages().at(-1)).toBe(expected)
    }
    expect(await purge()).toBe(1)
    expect(await table.table.get(accountKey(id))).toBeUndefined()
  })

  test("takes an account of which nobody knows since when for one that was just begun", async () => {
    const id = await aDeletion()
    const { deletingAt, ...row } = (await table.table.get<AccountItem>(accountKey(id))) as AccountItem
    expect(deletingAt).toBe(runtime.now())
    await table.put(row)
    runtime.clock.advance(5 * minute)
    expect(await purge()).toBe(1)
    expect(ages()).toEqual([0])
  })
})
