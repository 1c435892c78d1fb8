import { beforeAll, beforeEach, describe, expect, test } from "vitest"
import { Unavailable } from "../../../shared/runtime.ts"
import { subjectKeyOf } from "../../../shared/store/accounts.ts"
import { deleteUser, purgeDeletedAccounts } from "../../../shared/store/deletion.ts"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { type AccountItem, accountKey, teamKey, userIdKey } from "../../../shared/store/table.ts"
import { createTeam } from "../../../shared/store/team-list.ts"
import { createToken } from "../../../shared/store/tokens.ts"
import { createUser, updateUser } from "../../../shared/store/users.ts"
import { encodeId } from "../../../shared/token/format.ts"
import { anAdmin } from "../../builders.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../../fakes.ts"
import { interrupted, stoppingAfter } from "../../fleet.ts"
import { createTestTable, type TestTable } from "../../tables.ts"
import { told } from "../../told.ts"
import { trailOf } from "../../trail.ts"

/** Both steps of an end: what each writes and tells, and what is left. */
let table: TestTable
let runtime: FakeRuntime
let names = 0
beforeAll(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table, frozenClock())
  await createTeam(runtime, anAdmin(), { name: "Red" })
})
beforeEach(async () => {
  await purge()
  runtime.lines.length = 0
})

const purge = (on: Table = table.table) => purgeDeletedAccounts({ ...runtime, table: on }, anAdmin())
const account = (id: number) =>
  table.table.get(accountKey(id)) as Promise<AccountItem & Record<"listPK" | "listSK", string>>
const usesOfRed = async () => (await table.table.get<{ uses: number }>(teamKey("red")))?.uses
async function inactive(tokens = 0, over: object = {}) {
  runtime.clock.advance(1)
  const { user } = await createUser(runtime, anAdmin(), {
    ...{ user_type: "Service" as const, name: `d ${names++}`, role: "Member" as const, teams: ["Red"], ...over },
  })
  for (let n = 0; n < tokens; n++) {
    runtime.clock.advance(1)
    const body = { name: `t${n}`, type: "Service" as const, user_id: user.user_id, expiration: "7d", allowed_cidrs: [] }
    await createToken(runtime, anAdmin(), "all", body)
  }
  await updateUser(runtime, anAdmin(), user.id, { active: false }, undefined)
  runtime.clock.advance(1)
  return user
}
const deleted = async (tokens = 0, over: object = {}) => {
  const user = await inactive(tokens, over)
  await deleteUser(runtime, anAdmin(), user.id, "left")
  runtime.clock.advance(1)
  return user
}
const eventsOf = async (id: number, ...actions: string[]) =>
  (await trailOf(table, `ACC${encodeId(id)}`)).filter(({ action }) => actions.includes(action))
const isEntry = ({ PK }: { PK: string }) => PK.startsWith("AUD#")

describe("a deletion", () => {
  test("begins with an inactive account, is told with why, and listed for the purge", async () => {
    const { id, user_id: of } = await inactive()
    const before = await account(id)
    await deleteUser(runtime, anAdmin(), id, "left")
    const row = await account(id)
    expect(row).toMatchObject({ state: "DELETING", deletingAt: runtime.now(), version: before.version + 1 })
    expect(row.listPK).not.toBe(before.listPK)
    expect(await eventsOf(id, "account.deleting")).toEqual([
      { action: "account.deleting", of, before: { status: "inactive" }, after: { status: "deleting" }, reason: "left" },
    ])
    // A repeat is what was asked for.
    await deleteUser(runtime, anAdmin(), id, "left")
    expect(await account(id)).toEqual(row)
  })

  test("of an active one, of one that nobody has, and beside another one is refused", async () => {
    const { id } = await inactive()
    await updateUser(runtime, anAdmin(), id, { active: true }, undefined)
    expect(await told(deleteUser(runtime, anAdmin(), id, undefined))).toBe("account-active")
    expect(await told(deleteUser(runtime, anAdmin(), 7, undefined))).toBe("not-found")
    const other = await inactive()
    const late = (act: () => Promise<unknown>) =>
      told(deleteUser({ ...runtime, table: interrupted(table.table, act) }, anAdmin(), other.id, undefined))
    expect(await late(() => deleteUser(runtime, anAdmin(), other.id, undefined))).toBe("account-deleting")
    const third = await inactive()
    const gone = interrupted(table.table, async () => {
      await deleteUser(runtime, anAdmin(), third.id, undefined)
      await purge()
    })
    expect(await told(deleteUser({ ...runtime, table: gone }, anAdmin(), third.id, undefined))).toBe("not-found")
  })
})

describe("a purge", () => {
  test("takes a service account with its tokens, forty at a time, and leaves a tombstone and the trail", async () => {
    const uses = await usesOfRed()
    const { id, user_id } = await deleted(41)
    expect(await purge()).toBe(1)
    const rows = (await table.dump()).filter((row) => !isEntry(row))
    expect(rows.filter((row) => JSON.stringify(row).includes(String(id)))).toEqual([
      { ...userIdKey(user_id), accountId: id, tombstone: true },
    ])
    expect(await usesOfRed()).toBe(uses)
    const events = await eventsOf(id, "token.deleted", "account.deleted")
    const handles = events.map(({ before }) => (before as { handles?: string[] }).handles?.length)
    expect(handles.sort()).toEqual([1, 40, undefined])
    expect(events.find(({ before }) => "handles" in before)).toMatchObject({
      ...{ after: {}, reason: "the account is being deleted" },
    })
    expect(events.find(({ action }) => action === "account.deleted")).toEqual({
      ...{ action: "account.deleted", of: user_id, before: { user_id }, after: {} },
    })
    expect(await told(createUser(runtime, anAdmin(), { ...another, name: user_id.replace("@service", "") }))).toBe(
      "user-id-taken",
    )
  })

  test("takes a human with its email, its identity, and its user_id, all of which are free again", async () => {
    const email = `human${names++}@example.com`
    const { id } = await inactive(0, { user_type: "User", email })
    const binding = { issuer: "https://issuer.example.com", subject: `s${names}` }
    await table.put({ ...(await account(id)), binding } as never)
    await table.put({ ...subjectKeyOf(binding), accountId: id } as never)
    await deleteUser(runtime, anAdmin(), id, undefined)
    expect(await purge()).toBe(1)
    const rows = (await table.dump()).filter((row) => !isEntry(row))
    expect(rows.filter((row) => JSON.stringify(row).includes(String(id)))).toEqual([])
    expect(await told(createUser(runtime, anAdmin(), { ...another, user_type: "User", email }))).toBe("done")
  })

  test("that is stopped half-way has counted what it took", async () => {
    const { id } = await deleted(41)
    await expect(purge(stoppingAfter(table.table, 1))).rejects.toThrow("stopped")
    expect(await account(id)).toMatchObject({ state: "DELETING", tokens: 1 })
    expect(await purge()).toBe(1)
  })

  test("that another one overtakes at any write takes each thing once", async () => {
    const uses = await usesOfRed()
    const { id } = await deleted(3)
    expect(await purge(interrupted(table.table, () => purge()))).toBe(1)
    expect(await account(id)).toBeUndefined()
    expect((await eventsOf(id, "token.deleted", "account.deleted")).length).toBe(2)
    expect(await usesOfRed()).toBe(uses)
  })

  test("tells how many wait, and since when; of none, too", async () => {
    await purge()
    const [first, second] = [await deleted(), await deleted()]
    for (const [{ id }, seconds] of [
      [first, 90],
      [second, 30],
    ] as const)
      await table.put({ ...(await account(id)), deletingAt: runtime.now() - seconds * 1000 } as never)
    expect(await purge()).toBe(2)
    const ages = runtime.lines
      .filter(({ event }) => event === "purge")
      .map(({ pending, PurgeAge }) => [pending, PurgeAge])
    expect(ages).toEqual([
      [0, 0],
      [2, 90],
    ])
    expect(runtime.lines.find(({ event }) => event === "purge")).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Metrics: [{ Name: "PurgeAge", Unit: "Seconds" }] }] },
    })
  })

  test("leaves alone what the index says is being deleted, and the row doesn't", async () => {
    const { id } = await deleted()
    await table.put({ ...(await account(id)), state: "INACTIVE" } as never)
    expect(await purge()).toBe(0)
    expect(await account(id)).toMatchObject({ state: "INACTIVE" })
    await table.put({ ...(await account(id)), state: "DELETING" } as never)
  })

  test("of one that can't be purged tells of it, goes on, and fails in the end; a table that is gone ends it at once", async () => {
    const [broken, sound] = [await deleted(), await deleted()]
    const guard = (await table.table.get(userIdKey(broken.user_id))) as { PK: string; SK: string }
    await table.put({ ...guard, accountId: 7 } as never)
    expect(await told(purge())).toBe("Error: 1 accounts can't be purged")
    expect([await account(sound.id), (await account(broken.id)).state]).toEqual([undefined, "DELETING"])
    expect(runtime.lines.filter(({ event }) => event === "purge.failed")).toEqual([
      {
        event: "purge.failed",
        accountId: broken.id,
        why: "an account's guard or team was not as it left it",
      },
    ])
    const down: Table = { ...table.table, query: () => Promise.reject(new Unavailable("down")) }
    await expect(purge(down)).rejects.toThrow(Unavailable)
    await table.put({ ...guard, accountId: broken.id } as never)
    expect(await purge()).toBe(1)
  })

  test("goes through more than a page of accounts", async () => {
    const row = await account((await deleted()).id)
    for (let n = 1; n <= 100; n++) {
      const id = row.id + n
      const userId = `copy ${n}@service`
      const listed = { listSK: `${row.listSK}${String(n).padStart(3, "0")}` }
      await table.put({ ...row, ...accountKey(id), ...listed, id, userId, teams: [] } as never)
      await table.put({ ...userIdKey(userId), accountId: id } as never)
    }
    expect(await purge()).toBe(101)
    const pages = runtime.lines.filter(({ event }) => event === "purge").map(({ pending }) => pending)
    expect(pages).toEqual([100, 1])
  })
})

const another = { user_type: "Service" as const, name: "another", role: "Member" as const, teams: [] }
