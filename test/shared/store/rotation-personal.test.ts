import { beforeAll, describe, expect, test } from "vitest"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { updateSettings } from "../../../shared/store/policy.ts"
import { abortRotation, completeRotation, startRotation } from "../../../shared/store/rotation.ts"
import { type AuditItem, type TokenItem, tokenKey } from "../../../shared/store/table.ts"
import { createToken, deleteToken, issueAdminToken, updateToken } from "../../../shared/store/tokens.ts"
import { createUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { fakeRuntime, frozenClock } from "../../fakes.ts"
import { day, interrupted, start } from "../../fleet.ts"
import { createTestTable, type TestTable } from "../../tables.ts"
import { codeOf } from "../../told.ts"

/** Rotating what a human holds: who may, and for how long; and what the trail and the row have of it. */
let table: TestTable
let names = 0
beforeAll(async () => {
  table = await createTestTable()
})

const runtimeOn = (on: Table = table.table) => fakeRuntime(on, frozenClock(start))
const row = (id: number) => table.table.get<TokenItem>(tokenKey(id)) as Promise<TokenItem>

/** A human with a token that lives so long, who calls with it. */
async function aHuman(expiresAt?: number) {
  const email = `h${names++}@example.com`
  const human = { user_type: "User" as const, name: "h", role: "Admin" as const, teams: [], email }
  const { user } = await createUser(runtimeOn(), anAdmin(), human)
  const parent = await issueAdminToken(runtimeOn(), anAdmin(), email, "parent", expiresAt)
  const caller = anAdmin({ accountId: user.id, userId: email, tokenId: parent.id, handle: "symusr_a" })
  const child = async (expiration: string) =>
    (
      await createToken(runtimeOn(), caller, "own", {
        ...{ name: `c${names++}`, type: "Personal" as const, expiration, allowed_cidrs: [] },
      })
    ).id
  const rotate = (id: number, body: { expiration?: string; reason?: string } = {}, on?: Table) =>
    startRotation(runtimeOn(on), caller, "own", id, { overlap_hours: 12, ...body }, undefined)
  return { user, caller, parent, child, rotate }
}

const trailOf = async (id: number, action: string) =>
  (await table.dump())
    .map((item) => item as unknown as AuditItem)
    .filter((item) => item.PK.startsWith("AUD#") && item.action === action)
    .filter(({ actor, subject }) => actor.handle === "symusr_a" && subject.id === id)

describe("a personal token is rotated", () => {
  test("by its human, and by nobody else, whatever their role", async () => {
    const [ada, bea] = [await aHuman(), await aHuman()]
    const id = await ada.child("30d")
    const byOther = startRotation(runtimeOn(), bea.caller, "all", id, { overlap_hours: 1 }, undefined)
    expect(await codeOf(byOther)).toBe("insufficient-role")
    expect(await codeOf(bea.rotate(id))).toBe("not-found")
    expect((await row(id)).pending).toBeUndefined()
    expect((await ada.rotate(id)).rotation?.state).toBe("pending")
  })

  test("for no longer than the token lives that it is done with: to the second", async () => {
    const { child, rotate } = await aHuman(start + 20 * day)
    const id = await child("7d")
    const ends = (days: number, milliseconds = 0) => new Date(start + days * day + milliseconds).toISOString()
    expect(await codeOf(rotate(id, { expiration: ends(20, 1000) }))).toBe("validation-failed")
    expect(await codeOf(rotate(id, { expiration: "never" }))).toBe("validation-failed")
    expect(await codeOf(rotate(id, { expiration: ends(20) }))).toBe("none")
    expect((await row(id)).nextExpiresAt).toBe(start + 20 * day)
  })

  test("as long as it was given, where nobody asks: never past its parent", async () => {
    const { child, rotate, parent } = await aHuman(start + 20 * day)
    const short = await child("7d")
    await rotate(short)
    expect((await row(short)).nextExpiresAt).toBe(start + 7 * day)
    // Its own end, which it was given when it was made, was twenty days from then.
    await rotate(parent.id)
    expect((await row(parent.id)).nextExpiresAt).toBe(start + 20 * day)
  })

  test("for ever, if both it and its parent are; and the row forgets an expiry that it had for a former rotation", async () => {
    const { caller, parent, rotate } = await aHuman()
    await rotate(parent.id, { expiration: "7d" })
    expect((await row(parent.id)).nextExpiresAt).toBe(start + 7 * day)
    // Nobody has used it for a month: it is forgotten, and the row has it still.
    const later = fakeRuntime(table.table, frozenClock(start + 31 * day))
    await startRotation(later, caller, "own", parent.id, { overlap_hours: 12 }, undefined)
    expect(await row(parent.id)).not.toHaveProperty("nextExpiresAt")
    const told = (await trailOf(caller.accountId, "token.rotation-started")).map(({ after }) => after)
    expect(told).toContainEqual({ generation: 3, expiration: null, overlap_hours: 12 })
  })

  test("with a token that was not revoked before, nor is meanwhile", async () => {
    const { child, rotate, parent } = await aHuman()
    const id = await child("30d")
    const revoke = () => updateToken(runtimeOn(), anAdmin(), "all", parent.id, { active: false })
    expect(await codeOf(rotate(id, {}, interrupted(table.table, revoke)))).toBe("token-not-active")
    expect(await codeOf(rotate(id))).toBe("token-not-active")
    expect((await row(id)).pending).toBeUndefined()
  })

  test("not at all, if it is deleted meanwhile: no ghost; the same of completing and aborting", async () => {
    const { caller, child, rotate } = await aHuman()
    const id = await child("30d")
    const away = interrupted(table.table, async () => {
      await updateToken(runtimeOn(), anAdmin(), "all", id, { active: false })
      await deleteToken(runtimeOn(), anAdmin(), "all", id, undefined)
    })
    expect(await codeOf(rotate(id, {}, away))).toBe("not-found")
    expect(await row(id)).toBeUndefined()
    expect(await codeOf(completeRotation(runtimeOn(), caller, "own", id, {}))).toBe("not-found")

    const other = await child("30d")
    await rotate(other)
    const gone = interrupted(table.table, async () => {
      await updateToken(runtimeOn(), anAdmin(), "all", other, { active: false })
      await deleteToken(runtimeOn(), anAdmin(), "all", other, undefined)
    })
    expect(await codeOf(abortRotation(runtimeOn(gone), caller, "own", other, {}))).toBe("not-found")
    expect(await row(other)).toBeUndefined()
  })
})

test("what begins and ends a rotation makes a new version of the token, and says in the trail which secret it was about", async () => {
  const { caller, child, rotate } = await aHuman()
  const id = await child("30d")
  await rotate(id, { reason: "it leaked" })
  expect((await row(id)).version).toBe(2)
  const shown = await abortRotation(runtimeOn(), caller, "own", id, { reason: "it did not" })
  expect([shown.rotation, shown.name, (await row(id)).version]).toEqual([null, (await row(id)).name, 3])
  const started = await trailOf(caller.accountId, "token.rotation-started")
  expect(started.map(({ reason, after }) => [reason, after])).toEqual([
    ["it leaked", { generation: 2, expiration: "2026-12-23T12:00:00Z", overlap_hours: 12 }],
  ])
  const aborted = await trailOf(caller.accountId, "token.rotation-aborted")
  expect(aborted.map(({ reason, before, after }) => [reason, before, after])).toEqual([
    ["it did not", { generation: 2 }, {}],
  ])
})

test("a token that lives for ever gets what the policy lets it, or is refused where that is asked for", async () => {
  const { rotate, parent } = await aHuman()
  await updateSettings(runtimeOn(), anAdmin(), { max_expiry_days: 10 }, undefined)
  expect(await codeOf(rotate(parent.id, { expiration: "never" }))).toBe("validation-failed")
  await rotate(parent.id)
  expect((await row(parent.id)).nextExpiresAt).toBe(start + 10 * day)
  await updateSettings(runtimeOn(), anAdmin(), { max_expiry_days: null, allow_never: false }, undefined)
  const other = await aHuman(start + day)
  await updateSettings(runtimeOn(), anAdmin(), { allow_never: true }, undefined)
  const endless = await aHuman()
  await updateSettings(runtimeOn(), anAdmin(), { allow_never: false }, undefined)
  expect(await codeOf(endless.rotate(endless.parent.id))).toBe("validation-failed")
  expect(await codeOf(other.rotate(other.parent.id))).toBe("none")
})
