import { beforeAll, describe, expect, test } from "vitest"
import { always, remove } from "../../../shared/store/steps.ts"
import { type AccountItem, accountKey, administratorsKey } from "../../../shared/store/table.ts"
import { createTeam } from "../../../shared/store/team-list.ts"
import { createToken, updateToken } from "../../../shared/store/tokens.ts"
import {
  createFirstAdmin,
  createUser,
  getUser,
  listUsers,
  makeAdministrator,
  revokeTokens,
  updateUser,
} from "../../../shared/store/users.ts"
import { encodeId } from "../../../shared/token/format.ts"
import { anAdmin } from "../../builders.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../../fakes.ts"
import { interrupted } from "../../fleet.ts"
import { createTestTable, type TestTable } from "../../tables.ts"
import { told } from "../../told.ts"
import { trailOf } from "../../trail.ts"

/** What each change of an account writes, what its event says, and how it is refused. */
let table: TestTable
let runtime: FakeRuntime
let names = 0
beforeAll(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table, frozenClock())
  for (const name of ["Red", "Blue", "Green"]) await createTeam(runtime, anAdmin(), { name })
})

const unique = () => `user ${names++}`
const made = async (over: Partial<Parameters<typeof createUser>[2]> = {}) => {
  runtime.clock.advance(1)
  const body = { user_type: "Service" as const, name: unique(), role: "Member" as const, teams: [] }
  return (await createUser(runtime, anAdmin(), { ...body, ...over })).user
}
const aHuman = (over: Partial<Parameters<typeof createUser>[2]> = {}) =>
  made({ user_type: "User", email: `h${names++}@example.com`, ...over })
const update = async (id: number, changes: Parameters<typeof updateUser>[3]) => {
  runtime.clock.advance(1)
  return (await updateUser(runtime, anAdmin(), id, changes, undefined)).user
}
const account = (id: number) => table.table.get<AccountItem>(accountKey(id)) as Promise<AccountItem>
const eventsOf = (id: number) => trailOf(table, `ACC${encodeId(id)}`)
/** Who has been reported as an administrator since. */
const reported = () =>
  runtime.lines.splice(0).flatMap(({ event, accountId }) => (event === "admin.granted" ? [accountId] : []))

describe("a creation", () => {
  test("of a human needs an email, which is its user_id", async () => {
    expect(await told(made({ user_type: "User" }))).toBe("/email is required for a human")
    const { user_id, email } = await aHuman({ email: "jane@example.com" })
    expect([user_id, email]).toEqual(["jane@example.com", "jane@example.com"])
  })

  test("is told with what was made, and an administrator is reported", async () => {
    reported()
    const { id, name, user_id } = await made({ purpose: "syncs", teams: ["Red"], reason: "asked for" })
    expect(await eventsOf(id)).toEqual([
      {
        action: "account.created",
        of: user_id,
        before: {},
        after: { user_id, user_type: "Service", name, role: "Member", teams: ["red"], purpose: "syncs" },
        reason: "asked for",
      },
    ])
    expect(reported()).toEqual([])
    const admin = await aHuman({ role: "Admin" })
    expect(reported()).toEqual([admin.id])
  })
})

describe("the first administrator", () => {
  test("is made once, told and reported; whoever comes at the same time, or later, makes none", async () => {
    const empty = await createTestTable()
    const on = fakeRuntime(empty.table, frozenClock())
    const twin = fakeRuntime(interrupted(empty.table, () => createFirstAdmin(on, anAdmin(), "a@example.com")))
    expect(await createFirstAdmin(twin, anAdmin(), "b@example.com")).toBe(false)
    expect(await createFirstAdmin(on, anAdmin(), "c@example.com")).toBe(false)
    const rows = await empty.dump()
    const accounts = rows.filter(({ PK }) => PK.startsWith("ACC#")) as unknown as AccountItem[]
    expect(accounts.map(({ userId, name, role, teams }) => [userId, name, role, teams])).toEqual([
      ["a@example.com", "First administrator", "Admin", []],
    ])
    expect(rows.filter(({ PK }) => PK.startsWith("AUD#")).map(({ action }) => action)).toEqual(["account.created"])
    expect(await empty.table.get(administratorsKey)).toMatchObject({ count: 1 })
    const told = [on, twin].map(({ lines }) => lines.filter(({ event }) => event === "admin.granted").length)
    expect(told).toEqual([1, 0])
  })

  test("is answered true, costs one read afterwards, and a fault is a fault", async () => {
    const empty = await createTestTable()
    const on = fakeRuntime(empty.table, frozenClock())
    const down = { ...empty.table, transact: () => Promise.reject(new Error("down")) }
    expect(await told(createFirstAdmin(fakeRuntime(down), anAdmin(), "a@example.com"))).toBe("Error: down")
    expect(await createFirstAdmin(on, anAdmin(), "a@example.com")).toBe(true)
    expect(await createFirstAdmin(fakeRuntime(down), anAdmin(), "b@example.com")).toBe(false)
  })

  test("may be made of nobody, of a Member, and of one who is inactive", async () => {
    await makeAdministrator(runtime, anAdmin(), "new@example.com")
    const member = await aHuman({ email: "member@example.com", teams: ["Red"] })
    await update(member.id, { active: false })
    await makeAdministrator(runtime, anAdmin(), "member@example.com")
    expect((await getUser(runtime, member.id)).user).toMatchObject({
      ...{ role: "Admin", active: true, status: "active", teams: ["Public", "Red"] },
    })
  })
})

describe("a change", () => {
  test("is told field by field, the state as an event of its own", async () => {
    const { id, name, user_id: of } = await made({ purpose: "old", teams: ["Red", "Blue"] })
    const next = unique()
    await update(id, { name: next, role: "Editor", teams: ["Blue", "Green"], purpose: null, email: "c@example.com" })
    await update(id, { active: false, reason: "left" })
    await update(id, { active: true })
    expect((await eventsOf(id)).slice(1)).toEqual([
      {
        action: "account.updated",
        of,
        before: { name, role: "Member", teams: ["red", "blue"], purpose: "old", email: null },
        after: { name: next, role: "Editor", teams: ["blue", "green"], purpose: null, email: "c@example.com" },
      },
      { action: "account.deactivated", of, before: { active: true }, after: { active: false }, reason: "left" },
      { action: "account.reactivated", of, before: { active: false }, after: { active: true } },
    ])
    expect(await account(id)).not.toHaveProperty("purpose")
    expect(await account(id)).toMatchObject({ version: 4, email: "c@example.com" })
  })

  test("to what it is already, in whatever order, changes nothing", async () => {
    const { id, name } = await made({ teams: ["Red", "Blue"], purpose: "same" })
    const before = await account(id)
    await update(id, { name, role: "Member", teams: ["Blue", "Red", "public"], purpose: "same", active: true })
    await update(id, {})
    expect(await account(id)).toEqual(before)
    expect((await eventsOf(id)).length).toBe(1)
  })

  test("shows what it has made, with its state", async () => {
    const { id } = await made()
    expect(await update(id, { active: false })).toMatchObject({ active: false, status: "inactive" })
    expect(await update(id, { active: true })).toMatchObject({ active: true, status: "active" })
    expect((await update(id, { teams: ["Red"] })).teams).toEqual(["Public", "Red"])
    expect((await update(id, { name: "kept teams" })).teams).toEqual(["Public", "Red"])
  })

  test("names the team that isn't there by its place in the request", async () => {
    const { id } = await made({ teams: ["Red"] })
    expect(await told(update(id, { teams: ["Red", "Nowhere"] }))).toBe("/teams/1 must be the name of a team")
  })

  test("leaves a human its email; a service account may lose its own", async () => {
    const human = await aHuman()
    expect(await told(update(human.id, { email: null }))).toBe("/email is required for a human")
    const { id } = await made({ email: "contact@example.com" })
    expect((await update(id, { email: null })).email).toBe("service@example.com")
    expect(await account(id)).not.toHaveProperty("email")
  })

  test("that meets another one is decided anew; that meets the end of the account is not-found", async () => {
    const { id } = await made()
    const late = fakeRuntime(interrupted(table.table, () => update(id, { role: "Editor" })))
    await updateUser(late, anAdmin(), id, { purpose: "both" }, undefined)
    expect(await account(id)).toMatchObject({ role: "Editor", purpose: "both", version: 3 })
    const end = () => table.table.transact([remove(accountKey(id), always, () => new Error("unconditional"))])
    const last = fakeRuntime(interrupted(table.table, end))
    expect(await told(updateUser(last, anAdmin(), id, { purpose: "none" }, undefined))).toBe("not-found")
    expect(await account(id)).toBeUndefined()
  })

  test("that makes an administrator reports it, once", async () => {
    const { id } = await aHuman()
    reported()
    await update(id, { role: "Admin" })
    await update(id, { name: "still" })
    expect(reported()).toEqual([id])
  })
})

describe("a revocation of all tokens", () => {
  const aToken = (user_id: string, n: number) =>
    createToken(runtime, anAdmin(), "all", {
      ...{ name: `t${n}`, type: "Service", user_id, expiration: "7d", allowed_cidrs: [] },
    })

  test("answers and tells how many were active, and whether they were compromised", async () => {
    const { id, user_id } = await made()
    const [first] = [await aToken(user_id, 1), await aToken(user_id, 2), await aToken(user_id, 3)]
    await updateToken(runtime, anAdmin(), "all", first.id, { active: false })
    runtime.clock.advance(1)
    expect(await revokeTokens(runtime, anAdmin(), id, { compromised: false, reason: "leak?" })).toEqual({ revoked: 2 })
    runtime.clock.advance(1)
    expect(await revokeTokens(runtime, anAdmin(), id, { compromised: true })).toEqual({ revoked: 0 })
    expect((await eventsOf(id)).filter(({ action }) => action === "account.tokens-revoked")).toEqual([
      { action: "account.tokens-revoked", of: user_id, before: {}, after: { revoked: 2 }, reason: "leak?" },
      { action: "account.tokens-revoked", of: user_id, before: {}, after: { revoked: 0, compromised: true } },
    ])
    expect(await account(id)).toMatchObject({ epoch: 2, compromisedEpoch: 2, version: 1 })
  })

  test("of an account that is being deleted is refused", async () => {
    const { id } = await made()
    await table.put({ ...(await account(id)), state: "DELETING" } as never)
    expect(await told(revokeTokens(runtime, anAdmin(), id, { compromised: false }))).toBe("account-deleting")
    expect(await account(id)).toMatchObject({ epoch: 0 })
    expect(await told(revokeTokens(runtime, anAdmin(), 7, { compromised: false }))).toBe("not-found")
  })
})

test("a list has whom its filters name, by any part of name or user_id, whatever its case", async () => {
  const word = `Needle${names++}`
  const [editor, member] = [
    await made({ name: `${word} A`, role: "Editor", teams: ["Red"] }),
    await made({ name: `b ${word}` }),
  ]
  const human = await aHuman({ email: `${word.toLowerCase()}@example.com`, name: "else" })
  const found = async (query: object) => {
    const request = { limit: 50, cursor: undefined, binding: "test" }
    const { items } = await listUsers(runtime, request, { q: word.toUpperCase(), ...query } as never)
    return items.map(({ id }) => id).sort()
  }
  const all = [editor.id, member.id, human.id].sort()
  expect(await found({})).toEqual(all)
  expect(await found({ role: "Editor" })).toEqual([editor.id])
  expect(await found({ team: "red" })).toEqual([editor.id])
  expect(await found({ team: "Public" })).toEqual(all)
  expect(await found({ user_type: "User" })).toEqual([human.id])
  expect(await found({ q: `${word} a`, role: "Member" })).toEqual([])
})
