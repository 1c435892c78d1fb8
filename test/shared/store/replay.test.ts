// Long because it has a table of every event that a replay does something about, and of what it leaves alone.
import { beforeAll, describe, expect, test } from "vitest"
import { emailKeyOf, subjectKeyOf } from "../../../shared/store/accounts.ts"
import { replay, revokeEverything } from "../../../shared/store/replay.ts"
import { always, remove } from "../../../shared/store/steps.ts"
import {
  type AccountItem,
  type AuditItem,
  accountKey,
  accountListing,
  administratorsKey,
  expiryListing,
  type Key,
  type TeamItem,
  type TokenItem,
  teamKey,
  tokenNameKey,
} from "../../../shared/store/table.ts"
import { handleOf } from "../../../shared/token/format.ts"
import { anAccount, anAdmin } from "../../builders.ts"
import { fakeRuntime } from "../../fakes.ts"
import { aRow, day, interrupted, second, start } from "../../fleet.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

/**
 * What a replay does about one event, to the row: which of the rows it changes, how, and in which words it says so. That a restored table lets nobody
 * in whom the lost one refused is d1.test.ts.
 */
let table: TestTable
let ids = 1000
beforeAll(async () => {
  table = await createTestTable()
})

const runtime = () => fakeRuntime(table.table)
const get = <T>(key: Key) => table.table.get<T>(key)
const put = async <T extends Key>(row: T): Promise<T> => {
  await table.put(row as T & Record<string, unknown>)
  return row
}
const erase = ({ PK, SK }: Key, from = table) =>
  from.table.transact([remove({ PK, SK }, always, () => new Error("unconditional"))])

async function account(over: Partial<AccountItem> = {}): Promise<AccountItem> {
  const id = ids++
  return put(anAccount({ id, userId: `a${id}@service`, ...over }))
}

async function token(over: Partial<TokenItem> = {}, of?: AccountItem) {
  const { id: accountId } = of ?? (await account({ tokens: 1 }))
  const row = aRow(ids++, accountId, over) as TokenItem
  await put({ ...tokenNameKey(accountId, row.name), tokenId: row.id })
  return { row: await put(row), handle: handleOf("Service", accountId, row.id) }
}

const at = start + day
let events = 0
const event = (action: string, { id = 1, handle }: { id?: number; handle?: string }, over: Partial<AuditItem> = {}) => {
  const eventId = `event${events++}`
  return {
    ...{ PK: `AUD#ACC${id}`, SK: eventId, id: eventId, at, action, outcome: "success" as const },
    ...{ actor: { id: 1, userId: "admin@example.com" }, subject: { id, userId: "u", ...(handle && { handle }) } },
    ...{ ip: "203.0.113.7", userAgent: "test", requestId: "r", before: {}, after: {} },
    ...{ listPK: "AUD#20261124#0", listSK: eventId },
    ...over,
  } satisfies AuditItem
}

/** A table that nothing is written to. */
const readOnly = (of = table) =>
  fakeRuntime({ ...of.table, transact: () => Promise.reject(new Error("a dry run writes nothing")) })

/** What each of the events came to, in words: said before without a write, then done. */
async function replayed(...all: AuditItem[]): Promise<(string | undefined)[]> {
  const planned = await replay(readOnly(), all, start, false)
  const done = await replay(runtime(), all, start, true)
  expect(done).toEqual(planned)
  for (const one of all) expect(await get<AuditItem>(one)).toMatchObject({ id: one.id, replayedAt: runtime().now() })
  return done.map(({ effect }) => effect)
}

const changedBy = async (row: TokenItem | AccountItem, change: object) =>
  expect(await get(row)).toEqual({ ...row, ...change, version: row.version + 1 })
const isAsItWas = async (row: Key) => expect(await get(row)).toEqual(row)
const secret = (generation: number) => ({ digest: new Uint8Array(32).fill(generation), keyPath: "k1", generation })
const gone = { handle: handleOf("Service", 1, 999_999) }

describe("a revocation", () => {
  test("revokes", async () => {
    const { row, handle } = await token()
    expect(await replayed(event("token.revoked", { handle }))).toEqual([`revokes ${handle}`])
    await changedBy(row, { state: "REVOKED" })
  })

  test("as compromised, also of what is revoked already", async () => {
    for (const state of ["ACTIVE", "REVOKED"] as const) {
      const { row, handle } = await token({ state })
      const compromised = event("token.revoked", { handle }, { after: { compromised: true } })
      expect(await replayed(compromised)).toEqual([`revokes ${handle} as compromised`])
      await changedBy(row, { state: "REVOKED", compromised: true })
    }
  })

  test("of what is revoked, compromised, or gone, changes nothing", async () => {
    const [revoked, compromised] = [
      await token({ state: "REVOKED" }),
      await token({ state: "REVOKED", compromised: true }),
    ]
    expect(
      await replayed(
        event("token.revoked", revoked),
        event("token.revoked", { handle: compromised.handle }, { after: { compromised: true } }),
        event("token.revoked", gone),
        event("token.revoked", {}),
      ),
    ).toEqual([undefined, undefined, undefined, undefined])
    for (const { row } of [revoked, compromised]) await isAsItWas(row)
  })
})

describe("a rotation", () => {
  const pendingSince = start - day
  const waiting = { pending: secret(2), pendingSince, pendingExpiresAt: start + day, overlapSeconds: 3600 }
  const told = (handle: string, generation = 2) =>
    event("token.rotated", { handle }, { after: { generation, superseded_at: "2026-11-25T12:00:00Z" } })

  test("whose new secret waits makes that the current one, and ends the old one when it was ended", async () => {
    const { row, handle } = await token({ ...waiting, nextExpiresAt: start + 9 * day, expiresAt: start + 5 * day })
    const words = `gives ${handle} its new secret, and ends the old one at 2026-11-25T12:00:00Z`
    expect(await replayed(told(handle))).toEqual([words])
    const {
      pending: _,
      pendingSince: __,
      pendingExpiresAt: ___,
      overlapSeconds: ____,
      nextExpiresAt: end,
      ...rest
    } = row
    expect(await get(row)).toEqual({
      ...rest,
      ...{ current: secret(2), previous: row.current, supersededAt: Date.parse("2026-11-25T12:00:00Z") },
      ...{ promotedAt: at, issuedAt: pendingSince, expiresAt: end, ...expiryListing(row.id, end), version: 2 },
    })
  })

  test("is done once, and another one after it is of a secret that nobody has: the token is revoked", async () => {
    const { row, handle } = await token(waiting)
    const [first, again, second] = [told(handle), told(handle), told(handle, 3)]
    expect((await replayed(first, again, second)).map((words) => words?.split(" ")[0])).toEqual([
      "gives",
      undefined,
      "revokes",
    ])
    expect(await get(row)).toMatchObject({ current: secret(2), state: "REVOKED", version: 3 })
  })

  test("that another one has followed by then is over, and revokes nothing", async () => {
    const { row, handle } = await token({ current: secret(3), previous: secret(2), supersededAt: 0 })
    expect(await replayed(told(handle), told(handle, 3))).toEqual([undefined, undefined])
    await isAsItWas(row)
    expect(await replayed(told(handle, 4))).toEqual([`revokes ${handle}`])
  })

  test("of another secret than the one that waits revokes the token; of one that is gone nothing", async () => {
    const { row, handle } = await token({ ...waiting, pending: secret(3) })
    expect(await replayed(told(handle), told(gone.handle))).toEqual([`revokes ${handle}`, undefined])
    await changedBy(row, { state: "REVOKED" })
  })

  const completed = (handle: string, generation = 1) =>
    event("token.rotation-completed", { handle }, { before: { generation, superseded_at: "x" } })

  test("that was completed ends the old secret, if that had a moment left", async () => {
    const overlapping = { current: secret(2), previous: secret(1) }
    const { row, handle } = await token({ ...overlapping, supersededAt: at + 1 })
    expect(await replayed(completed(handle))).toEqual([`ends the old secret of ${handle}`])
    await changedBy(row, { supersededAt: 0 })
    const rest = [
      await token({ ...overlapping, supersededAt: at }),
      await token({ ...overlapping, supersededAt: 0 }),
      await token({ ...overlapping, previous: secret(3), supersededAt: at + 1 }),
      await token({ supersededAt: at + 1 }),
    ]
    expect(await replayed(...rest.map(({ handle }) => completed(handle)), completed(gone.handle))).toEqual(
      Array(5).fill(undefined),
    )
    for (const { row } of rest) await isAsItWas(row)
  })

  test("that was aborted drops the secret that waits, and no other", async () => {
    const aborted = (handle: string) => event("token.rotation-aborted", { handle }, { before: { generation: 2 } })
    const { row, handle } = await token(waiting)
    // What one replay has dropped, its next event doesn't find again.
    expect(await replayed(aborted(handle), aborted(handle))).toEqual([`drops the new secret of ${handle}`, undefined])
    const { pending: _, pendingSince: __, pendingExpiresAt: ___, overlapSeconds: ____, ...rest } = row
    expect(await get(row)).toEqual({ ...rest, version: 2 })
    const others = [await token({ ...waiting, pending: secret(3) }), await token()]
    expect(await replayed(...others.map(({ handle }) => aborted(handle)), aborted(gone.handle))).toEqual(
      Array(3).fill(undefined),
    )
    for (const { row } of others) await isAsItWas(row)
  })
})

describe("a change of a token", () => {
  const updated = (handle: string, after: object) => event("token.updated", { handle }, { after: { ...after } })
  const iso = (instant: number) => new Date(instant).toISOString()

  test("brings its end forward, never back: by a second", async () => {
    const end = start + 5 * day
    for (const expiresAt of [end + second, undefined]) {
      const { row, handle } = await token({ ...(expiresAt && { expiresAt }) })
      expect(await replayed(updated(handle, { expiration: iso(end) }))).toEqual([`ends ${handle} at ${iso(end)}`])
      await changedBy(row, { expiresAt: end, ...expiryListing(row.id, end) })
    }
    const [same, earlier] = [await token({ expiresAt: end }), await token({ expiresAt: end - second })]
    const late = [same, earlier].map(({ handle }) => updated(handle, { expiration: iso(end) }))
    expect(await replayed(...late, updated(gone.handle, { expiration: iso(end) }))).toEqual(Array(3).fill(undefined))
    for (const { row } of [same, earlier]) await isAsItWas(row)
  })

  test("gives it the networks that it had last; that it was opened to all is left to people", async () => {
    const { row, handle } = await token({ allowedCidrs: ["10.0.0.0/8"] })
    const allowed_cidrs = ["198.51.100.0/24", "203.0.113.0/24"]
    expect(
      await replayed(
        updated(handle, { allowed_cidrs }),
        updated(handle, { allowed_cidrs: [] }),
        updated(handle, {}),
        updated(gone.handle, { allowed_cidrs }),
      ),
    ).toEqual([`allows ${handle} from 198.51.100.0/24, 203.0.113.0/24`, undefined, undefined, undefined])
    await changedBy(row, { allowedCidrs: allowed_cidrs })
  })
})

describe("a deletion", () => {
  test("of a token takes its name and its count with it", async () => {
    const owner = await account({ tokens: 2 })
    const [first, kept] = [await token({ name: "first" }, owner), await token({ name: "kept" }, owner)]
    expect(await replayed(event("token.deleted", { id: owner.id, handle: first.handle }))).toEqual([
      `deletes ${first.handle}`,
    ])
    expect(await get(first.row)).toBeUndefined()
    expect(await get(tokenNameKey(owner.id, "first"))).toBeUndefined()
    expect(await get(owner)).toEqual({ ...owner, tokens: 1 })
    await isAsItWas(kept.row)
  })

  test("of those of an account is of all that are still there, at once", async () => {
    const owner = await account({ tokens: 2 })
    const [first, other] = [await token({ name: "first" }, owner), await token({ name: "other" }, owner)]
    const handles = [first.handle, gone.handle, other.handle]
    const all = event("token.deleted", { id: owner.id }, { before: { handles } })
    const again = event("token.deleted", { id: owner.id }, { before: { handles } })
    expect(await replayed(all, again, event("token.deleted", { id: owner.id }))).toEqual([
      `deletes ${first.handle}, ${other.handle}`,
      undefined,
      undefined,
    ])
    expect(await get(owner)).toEqual({ ...owner, tokens: 0 })
  })

  test("leaves a name that is another token's by now, minds no name that is missing, nor a missing account", async () => {
    const owner = await account({ tokens: 2 })
    const [renamed, nameless] = [await token({ name: "taken" }, owner), await token({ name: "nameless" }, owner)]
    const taken = await put({ ...tokenNameKey(owner.id, "taken"), tokenId: 7 })
    await erase(tokenNameKey(owner.id, "nameless"))
    const orphan = await token({ accountId: 7 })
    const deleted = ({ handle }: { handle: string }, id = owner.id) => event("token.deleted", { id, handle })
    await replayed(deleted(renamed), deleted(nameless), deleted(orphan, 7))
    for (const { row } of [renamed, nameless, orphan]) expect(await get(row)).toBeUndefined()
    await isAsItWas(taken)
    expect(await get(owner)).toEqual({ ...owner, tokens: 0 })
  })

  test("of an account puts it where the purge finds it; of one that is there, or gone, nothing", async () => {
    for (const action of ["account.deleting", "account.deleted"]) {
      const row = await account()
      expect(await replayed(event(action, row), event(action, row), event(action, { id: 7 }))).toEqual([
        `deletes the account ${row.userId}`,
        undefined,
        undefined,
      ])
      await changedBy(row, { state: "DELETING", deletingAt: at, listPK: "PURGE" })
    }
  })

  test("of a team is done, unless somebody is in it", async () => {
    const team = (uses: number): Promise<TeamItem> => {
      const key = `t${ids++}`
      const more = { version: 1, createdAt: 1, createdById: 1, listPK: "TEAMS", listSK: key }
      return put({ ...teamKey(key), key, name: `Team ${key}`, uses, ...more })
    }
    const [empty, used] = [await team(0), await team(1)]
    const deleted = (key: string) =>
      event("team.deleted", {}, { subject: { id: 0, userId: `team:${key}` }, PK: `AUD#TEAM${key}` })
    expect(await replayed(deleted(empty.key), deleted(empty.key), deleted(used.key))).toEqual([
      `deletes the team ${empty.name}`,
      undefined,
      undefined,
    ])
    expect(await get(empty)).toBeUndefined()
    await isAsItWas(used)

    // Who left it in the same replay isn't in it any more.
    const member = await account({ teams: [used.key] })
    const left = event("account.updated", member, { after: { teams: [] } })
    expect(await replayed(left, deleted(used.key))).toEqual([
      `takes ${member.userId} out of ${used.key}`,
      `deletes the team ${used.name}`,
    ])
    expect(await get(used)).toBeUndefined()
  })
})

describe("a change of an account", () => {
  test("that revoked all of its tokens raises its epoch, each time, and the compromised one if it was for that", async () => {
    const row = await account({ epoch: 3 })
    const all = (after = {}) => event("account.tokens-revoked", row, { after })
    expect(await replayed(all({ revoked: 1 }))).toEqual([`revokes all tokens of ${row.userId}`])
    expect(await get(row)).toEqual({ ...row, epoch: 4 })
    expect(await replayed(all({ compromised: true }), all(), event("account.tokens-revoked", { id: 7 }))).toEqual([
      `revokes all tokens of ${row.userId} as compromised`,
      `revokes all tokens of ${row.userId}`,
      undefined,
    ])
    expect(await get(row)).toEqual({ ...row, epoch: 6, compromisedEpoch: 5 })
  })

  test("that deactivated it does, once", async () => {
    const row = await account()
    const deactivated = () => event("account.deactivated", row)
    expect(await replayed(deactivated(), deactivated(), event("account.deactivated", { id: 7 }))).toEqual([
      `deactivates ${row.userId}`,
      undefined,
      undefined,
    ])
    await changedBy(row, { state: "INACTIVE" })
  })

  const updated = (row: { id: number }, after: object) => event("account.updated", row, { after: { ...after } })

  test("has the lesser of two roles", async () => {
    const row = await account({ role: "Editor" })
    expect(
      await replayed(
        updated(row, { role: "Manager" }),
        updated(row, { role: "Editor" }),
        updated(row, { role: "Member" }),
        updated({ id: 7 }, { role: "Member" }),
      ),
    ).toEqual([undefined, undefined, `makes ${row.userId} a Member`, undefined])
    await changedBy(row, { role: "Member" })
  })

  test("leaves it in the teams that it was in and stayed in, and says all of it in one line", async () => {
    const row = await account({ role: "Editor", teams: ["one", "two", "three"] })
    const to = { role: "Member", teams: ["two", "four"] }
    expect(await replayed(updated(row, { teams: ["one", "two", "three", "four"] }), updated(row, to))).toEqual([
      undefined,
      `makes ${row.userId} a Member and takes ${row.userId} out of one, three`,
    ])
    await changedBy(row, { role: "Member", teams: ["two"] })
  })

  const binding = { issuer: "https://issuer.example.com", subject: "s" }
  const guardOf = (of: typeof binding) => subjectKeyOf(of)
  const human = (over: Partial<AccountItem> = {}) => {
    const email = `h${ids}@example.com`
    return account({ userType: "User", userId: email, email, ...over })
  }

  test("unbinds, where it was unbound", async () => {
    const bound = { ...binding, subject: `s${ids}` }
    const row = await human({ binding: bound })
    await put({ ...guardOf(bound), accountId: row.id })
    expect(
      await replayed(updated(row, { bound: true }), updated(row, { bound: false }), updated(row, { bound: false })),
    ).toEqual([undefined, `unbinds ${row.userId}`, undefined])
    const { binding: _, ...rest } = row
    expect(await get(row)).toEqual({ ...rest, version: 2 })
    expect(await get(guardOf(bound))).toBeUndefined()
  })

  test("moves an email with its guard; a service account's is only a contact", async () => {
    const row = await human()
    const [from, to] = [row.email as string, `to${row.id}@example.com`]
    await put({ ...emailKeyOf(from), accountId: row.id })
    expect(
      await replayed(updated(row, { email: from }), updated(row, { email: to }), updated(row, { email: to })),
    ).toEqual([undefined, `gives ${row.userId} the email ${to}`, undefined])
    await changedBy(row, { email: to })
    expect(await get(emailKeyOf(from))).toBeUndefined()
    expect(await get(emailKeyOf(to))).toEqual({ ...emailKeyOf(to), accountId: row.id })

    const service = await account({ email: "contact@example.com" })
    expect(await replayed(updated(service, { email: "other@example.com" }))).toEqual([undefined])
    expect(await get(emailKeyOf("other@example.com"))).toBeUndefined()
  })

  test("leaves an email's guard with whoever has it, unless that one is being deleted", async () => {
    const [active, deleting] = [await human(), await human({ state: "DELETING" })]
    const [first, then, unguarded] = [await human(), await human(), await human()]
    const emails = { taken: `taken${active.id}@example.com`, left: `left${active.id}@example.com` }
    await put({ ...emailKeyOf(emails.taken), accountId: active.id })
    await put({ ...emailKeyOf(emails.left), accountId: deleting.id })
    // The one that it had is somebody else's too.
    const theirs = await put({ ...emailKeyOf(first.email as string), accountId: active.id })
    await replayed(
      updated(first, { email: emails.taken }),
      updated(then, { email: emails.left }),
      updated(unguarded, { email: `free${active.id}@example.com` }),
    )
    await isAsItWas(theirs)
    expect(await get(emailKeyOf(emails.taken))).toMatchObject({ accountId: active.id })
    expect(await get(emailKeyOf(emails.left))).toMatchObject({ accountId: then.id })
    expect(await get(emailKeyOf(`free${active.id}@example.com`))).toMatchObject({ accountId: unguarded.id })
    // A guard without an account, which a hand at the table has left, holds the email: who it was is not known.
    const orphan = await put({ ...emailKeyOf(`orphan${active.id}@example.com`), accountId: 7 })
    await replayed(updated(unguarded, { email: `orphan${active.id}@example.com` }))
    await isAsItWas(orphan)
  })

  test("binds who has signed in, unless it is bound, or somebody else is bound to that", async () => {
    const signedIn = (row: { id: number }, of?: object) =>
      event("account.signed-in", row, { after: { ...(of && { binding: of }) } })
    const [mine, theirs] = [binding, binding].map((one, n) => ({ ...one, subject: `${ids}-${n}` })) as [
      typeof binding,
      typeof binding,
    ]
    const row = await human()
    const other = await put({ ...guardOf(theirs), accountId: 7 })
    expect(
      await replayed(
        signedIn(row),
        signedIn(row, theirs),
        signedIn(row, mine),
        signedIn(row, { ...mine, subject: "third" }),
        signedIn({ id: 7 }, mine),
      ),
    ).toEqual([
      undefined,
      undefined,
      `binds ${row.userId} to a subject of https://issuer.example.com`,
      undefined,
      undefined,
    ])
    await changedBy(row, { binding: mine })
    expect(await get(guardOf(mine))).toEqual({ ...guardOf(mine), accountId: row.id })
    await isAsItWas(other)
    expect(await get(guardOf({ ...mine, subject: "third" }))).toBeUndefined()
  })

  test("binds to what was somebody's who is being deleted, and takes it from them", async () => {
    const mine = { ...binding, subject: `left ${ids}` }
    const [row, holder] = [await human(), await human({ state: "DELETING", binding: mine })]
    await put({ ...guardOf(mine), accountId: holder.id })
    const signedIn = event("account.signed-in", row, { after: { binding: mine } })
    expect(await replayed(signedIn)).toEqual([`binds ${row.userId} to a subject of https://issuer.example.com`])
    await changedBy(row, { binding: mine })
    const { binding: _, ...rest } = holder
    expect(await get(holder)).toEqual({ ...rest, version: 2 })
    expect(await get(guardOf(mine))).toEqual({ ...guardOf(mine), accountId: row.id })
  })

  test("counts one administrator less, of those who were: down to none", async () => {
    const count = async () => (await get<Key & { count: number }>(administratorsKey))?.count
    await put({ ...administratorsKey, count: 3 })
    const admin = { role: "Admin" as const }
    const [demoted, deactivated, deleted] = [await human(admin), await human(admin), await human(admin)]
    const others = [await account(admin), await human({ role: "Manager" })]
    const { role: _, ...unchanged } = { role: "Admin", email: `new${demoted.id}@example.com` }
    await replayed(updated(demoted, unchanged))
    expect(await count()).toBe(3)
    await replayed(...others.map((row) => event("account.deactivated", row)))
    expect(await count()).toBe(3)
    await replayed(updated(demoted, { role: "Member" }), event("account.deactivated", deactivated))
    expect(await count()).toBe(1)
    // Who was no administrator any more when the account was deleted is not counted twice.
    await replayed(event("account.deleting", deleted), event("account.deleting", deactivated))
    expect(await count()).toBe(0)
  })
})

test("what widens, and what a restore can't lose, is put into the trail", async () => {
  const { row, handle } = await token({ state: "REVOKED" })
  const owner = (await get(accountKey(row.accountId))) as AccountItem
  expect(
    await replayed(
      event("token.restored", { id: owner.id, handle }),
      event("token.created", { id: owner.id, handle }),
      event("account.reactivated", owner),
      event("settings.updated", {}),
    ),
  ).toEqual(Array(4).fill(undefined))
  await isAsItWas(row)
  await isAsItWas(owner)
})

describe("while somebody else writes to the table, which nobody should, a replay stops, and says where:", () => {
  const replayOn = (act: () => Promise<unknown>, one: AuditItem) =>
    replay(fakeRuntime(interrupted(table.table, act)), [one], start, true)
  test("an event comes, a row goes, a guard comes, a row that is to go is gone", async () => {
    const { row, handle } = await token()
    const revoked = event("token.revoked", { handle })
    await expect(replayOn(() => put({ ...revoked }), revoked)).rejects.toThrow("replayed by another meanwhile")
    await isAsItWas(row)
    const again = event("token.revoked", { handle })
    await expect(replayOn(() => erase(row), again)).rejects.toThrow(`${row.PK} has gone meanwhile`)
    expect(await get(again)).toBeUndefined()

    const human = await account({ userType: "User", email: `r${ids}@example.com` })
    const to = `r${ids++}@example.com`
    const moved = event("account.updated", human, { after: { email: to } })
    const guard = { ...emailKeyOf(to), accountId: 7 }
    await expect(replayOn(() => put(guard), moved)).rejects.toThrow(`${guard.PK} has come meanwhile`)
    await isAsItWas(human)
  })

  test("the administrators aren't counted", async () => {
    await erase(administratorsKey)
    const admin = await account({ userType: "User", role: "Admin" })
    await expect(replay(runtime(), [event("account.deactivated", admin)], start, true)).rejects.toThrow(
      "administrators are not counted",
    )
    await isAsItWas(admin)
  })
})

test("everything that is revoked where the archive has a gap is all accounts, of both kinds, through every page of the list", async () => {
  const own = await createTestTable()
  const accounts: AccountItem[] = []
  for (let n = 1; n <= 205; n++) {
    const userType = n > 203 ? ("User" as const) : ("Service" as const)
    const row = anAccount({ ...accountKey(n), ...accountListing(n, userType), id: n, userType, epoch: n % 3 })
    accounts.push(row)
    await own.put({ ...row })
  }
  const on = fakeRuntime(own.table)
  expect(await revokeEverything(readOnly(own), anAdmin(), false)).toBe(205)
  expect(await revokeEverything(on, anAdmin(), true)).toBe(205)
  for (const row of accounts) expect(await own.table.get(row)).toEqual({ ...row, epoch: row.epoch + 1 })
  const trail = (await own.dump()).filter(({ PK }) => PK.startsWith("AUD#")) as unknown as AuditItem[]
  expect(new Set(trail.map(({ subject }) => subject.id)).size).toBe(205)
  expect(trail[0]).toMatchObject({ action: "account.tokens-revoked", before: {}, after: {} })

  const late = interrupted(own.table, () => erase(accountKey(203), own))
  await expect(revokeEverything(fakeRuntime(late), anAdmin(), true)).rejects.toThrow("the account is gone")
})
