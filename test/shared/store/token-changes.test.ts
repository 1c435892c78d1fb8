// Long because every change of a token stands here: what it writes, what it tells, and how it is refused.
import { beforeAll, describe, expect, test } from "vitest"
import type { Caller } from "../../../shared/contract/caller.ts"
import type { Actor } from "../../../shared/store/audit.ts"
import { always, remove } from "../../../shared/store/steps.ts"
import { accountKey, type TokenItem, tokenKey } from "../../../shared/store/table.ts"
import {
  createToken,
  deleteToken,
  getToken,
  type IssuedToken,
  issueAdminToken,
  updateToken,
} from "../../../shared/store/tokens.ts"
import { createUser, revokeTokens, updateUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { aFleet, day, interrupted, start } from "../../fleet.ts"
import { told } from "../../told.ts"

/** What each change of a token writes, what its event says, and in which words it is refused. Moments in between are tokens.test.ts's. */
let fleet: Awaited<ReturnType<typeof aFleet>>
let names = 0
beforeAll(async () => {
  fleet = await aFleet()
})

const runtime = () => fleet.runtimeOn()
/** A millisecond after whatever was before: events of one instant are in no order. */
const change = (id: number, body: Parameters<typeof updateToken>[4]) => {
  fleet.clock.advance(1)
  return updateToken(runtime(), anAdmin(), "all", id, body)
}
const made = (over: object = {}, caller: Caller & Actor = anAdmin(), scope: "all" | "own" = "all") => {
  fleet.clock.advance(1)
  return createToken(runtime(), caller, scope, {
    ...{ name: `n${names++}`, type: "Service", user_id: fleet.user.user_id, expiration: "30d", allowed_cidrs: [] },
    ...over,
  } as Parameters<typeof createToken>[3])
}
/** The last event of a token, but for by whom and when. */
async function lastEvent(id: number, action: string) {
  const event = (await fleet.eventsOf(id, action)).at(-1)
  return event && { before: event.before, after: event.after, reason: event.reason }
}
/** A human of this role, and how it calls with a token of its. */
async function aHuman(role: "Admin" | "Member" = "Admin") {
  fleet.clock.advance(1)
  const email = `human${names++}@example.com`
  const { user } = await createUser(runtime(), anAdmin(), { user_type: "User", name: "h", role, teams: [], email })
  return { ...user, callerWith: (tokenId: number) => anAdmin({ accountId: user.id, userId: email, role, tokenId }) }
}
const personal = { type: "Personal", user_id: undefined }

describe("a creation", () => {
  test("writes what was asked for, and no more: networks and expiry where there are any", async () => {
    const plain = await made({ expiration: "never", reason: "a pipeline" })
    const row = (await fleet.row(plain.id)) as TokenItem
    for (const absent of ["expiresAt", "allowedCidrs", "createdWith"]) expect(row).not.toHaveProperty(absent)
    expect(row).toMatchObject({ state: "ACTIVE", version: 1, networks: {}, createdById: 1, current: { generation: 1 } })
    expect(await lastEvent(plain.id, "token.created")).toEqual({
      ...{ before: {}, reason: "a pipeline" },
      after: { name: plain.name, type: "Service", expiration: null },
    })
    const narrow = await made({ allowed_cidrs: ["10.0.0.0/8"], expiration: "7d" })
    expect(await fleet.row(narrow.id)).toMatchObject({
      ...{ allowedCidrs: ["10.0.0.0/8"], expiresAt: Date.parse(narrow.expiration as string) },
    })
    expect([narrow.allowed_cidrs, plain.allowed_cidrs]).toEqual([["10.0.0.0/8"], []])
    expect((await lastEvent(narrow.id, "token.created"))?.after).toMatchObject({ expiration: narrow.expiration })
  })

  test("says which of its fields is wrong", async () => {
    const human = await aHuman()
    expect(await told(made({ user_id: undefined }))).toBe("/user_id is required with type Service")
    expect(await told(made({ user_id: human.user_id }))).toBe("/user_id must be a service account's")
    expect(await told(made({ user_id: "nobody@service" }))).toBe("not-found")
    const session = await made()
    expect(await told(made({ ...personal, user_id: human.user_id }, human.callerWith(session.id), "own"))).toBe(
      "/user_id goes with type Service only: a personal token is the caller's",
    )
    expect(await told(made({}, human.callerWith(session.id), "own"))).toBe("insufficient-role")
    expect(await told(made(personal, anAdmin({ userType: "Service" }), "own"))).toBe("personal-tokens-need-a-human")
  })

  test("with a personal token makes none that outlives it, and knows it as its parent", async () => {
    const human = await aHuman()
    const end = Date.parse("2026-12-24T12:00:00Z")
    const parent = await issueAdminToken(runtime(), anAdmin(), human.user_id, "parent", end)
    const caller = human.callerWith(parent.id)
    const until = (expiration: string) => made({ ...personal, expiration }, caller, "own")
    const child = await until("2026-12-24T12:00:00Z")
    expect(child.expiration).toBe(parent.expiration)
    expect(await fleet.row(child.id)).toMatchObject({ createdWith: parent.id, type: "Personal" })
    const outlives = "/expiration must not be later than that of the token it is made with"
    for (const later of ["2026-12-24T12:00:01Z", "never"]) expect(await told(until(later))).toBe(outlives)
    const endless = await issueAdminToken(runtime(), anAdmin(), human.user_id, "endless", undefined)
    const free = await made({ ...personal, expiration: "never" }, human.callerWith(endless.id), "own")
    expect(free.expiration).toBeNull()
  })

  test("with a session makes one that may outlive it, and that nobody made", async () => {
    const human = await aHuman("Member")
    fleet.clock.advance(1)
    const session = { id: fleet.clock.now(), accountId: human.id, type: "Session", state: "ACTIVE", epoch: 0 }
    await fleet.table.put({ ...tokenKey(session.id), ...session, expiresAt: start + day })
    const token = await made({ ...personal, expiration: "30d" }, human.callerWith(session.id), "own")
    expect(await fleet.row(token.id)).not.toHaveProperty("createdWith")
  })

  test("in an account that goes meanwhile makes nothing", async () => {
    const { user } = await createUser(runtime(), anAdmin(), {
      ...{ user_type: "Service", name: `gone ${names++}`, role: "Member", teams: [] },
    })
    const gone = remove(accountKey(user.id), always, () => new Error("unconditional"))
    const on = interrupted(fleet.table.table, () => fleet.table.table.transact([gone]))
    const body = { name: "t", type: "Service", user_id: user.user_id, expiration: "7d", allowed_cidrs: [] } as const
    expect(await told(createToken(fleet.runtimeOn(on), anAdmin(), "all", { ...body, allowed_cidrs: [] }))).toBe(
      "not-found",
    )
  })
})

describe("an operator's token", () => {
  const issue = (email: string) => issueAdminToken(runtime(), anAdmin(), email, `o${names++}`, undefined)
  const refused = "Error: not an active administrator's email"

  test("is an active administrator's, and nobody else's", async () => {
    const [admin, member, inactive] = [await aHuman(), await aHuman("Member"), await aHuman()]
    await updateUser(runtime(), anAdmin(), inactive.id, { active: false }, undefined)
    expect((await issue(admin.user_id)).user.id).toBe(admin.id)
    for (const email of [member.user_id, inactive.user_id, "nobody@example.com"])
      expect([email, await told(issue(email))]).toEqual([email, refused])
  })
})

describe("a revocation", () => {
  test("is told once; a compromise that is reported later is one more event, and then no more", async () => {
    const { id } = await made()
    const { version } = await fleet.row(id)
    expect(await change(id, { active: false, reason: "left" })).toMatchObject({ active: false, status: "revoked" })
    expect(await lastEvent(id, "token.revoked")).toEqual({
      ...{ before: { active: true }, after: { active: false }, reason: "left" },
    })
    await change(id, { active: false })
    expect((await fleet.eventsOf(id, "token.revoked")).length).toBe(1)
    expect(await fleet.row(id)).toMatchObject({ state: "REVOKED", version: version + 1 })
    await change(id, { active: false, compromised: true })
    expect(await lastEvent(id, "token.revoked")).toMatchObject({
      ...{ before: { compromised: false }, after: { compromised: true } },
    })
    expect((await lastEvent(id, "token.revoked"))?.before).toEqual({ compromised: false })
    for (const compromised of [true, false]) await change(id, { active: false, compromised })
    expect((await fleet.eventsOf(id, "token.revoked")).length).toBe(2)
    expect(await fleet.row(id)).toMatchObject({ compromised: true, version: version + 2 })
  })

  test("of a compromised one says both in one event", async () => {
    const { id } = await made()
    await change(id, { active: false, compromised: true })
    expect(await lastEvent(id, "token.revoked")).toEqual({
      before: { active: true, compromised: false },
      after: { active: false, compromised: true },
      reason: undefined,
    })
  })

  test("of one that is reported by two at once is told as compromised once", async () => {
    const { id } = await made()
    await change(id, { active: false })
    const report = () => change(id, { active: false, compromised: true })
    const late = fleet.runtimeOn(interrupted(fleet.table.table, report))
    await updateToken(late, anAdmin(), "all", id, { active: false, compromised: true })
    expect((await fleet.eventsOf(id, "token.revoked")).map(({ after }) => after)).toEqual([
      { active: false },
      { compromised: true },
    ])
  })

  test("takes a flagged token out of the list of those that are watched, and touches no other's day", async () => {
    const [flagged, plain] = [await made(), await made()]
    await fleet.table.put({ ...(await fleet.row(flagged.id)), flaggedAt: start, idlePK: "FLAG#00" } as never)
    const before = await fleet.row(plain.id)
    for (const { id } of [flagged, plain]) await change(id, { active: false })
    const row = await fleet.row(flagged.id)
    for (const gone of ["flaggedAt", "idlePK", "idleSK"]) expect(row).not.toHaveProperty(gone)
    expect(await fleet.row(plain.id)).toMatchObject({ idlePK: before.idlePK, idleSK: before.idleSK })
  })

  test("leaves a flagged token that was restored since where it is", async () => {
    const { id } = await made()
    await fleet.table.put({ ...(await fleet.row(id)), flaggedAt: start } as never)
    const { table } = fleet.table
    const on = {
      ...table,
      update: async (...write: Parameters<typeof table.update>) => {
        await change(id, { active: true })
        return table.update(...write)
      },
    }
    await updateToken(fleet.runtimeOn(on), anAdmin(), "all", id, { active: false })
    const row = await fleet.row(id)
    expect([row.state, typeof row.idlePK, typeof row.idleSK]).toEqual(["ACTIVE", "string", "string"])
  })

  test("is done, whatever becomes of the list", async () => {
    const { id } = await made()
    await fleet.table.put({ ...(await fleet.row(id)), flaggedAt: start } as never)
    const on = { ...fleet.table.table, update: () => Promise.reject(new Error("hot")) }
    expect(await told(updateToken(fleet.runtimeOn(on), anAdmin(), "all", id, { active: false }))).toBe("done")
    expect(await fleet.row(id)).toMatchObject({ state: "REVOKED" })
  })

  test("of a personal token tells how many that were made with it work still; of another, and of a restoration, nothing", async () => {
    const human = await aHuman()
    const parent = await issueAdminToken(runtime(), anAdmin(), human.user_id, "parent", undefined)
    const caller = human.callerWith(parent.id)
    const children: IssuedToken[] = []
    for (let n = 0; n < 3; n++) children.push(await made({ ...personal, expiration: "7d" }, caller, "own"))
    await change(children[0]?.id as number, { active: false })
    expect((await change(parent.id, { active: false })).children).toBe(2)
    expect(await change(parent.id, { active: true })).not.toHaveProperty("children")
    expect(await change((await made()).id, { active: false })).not.toHaveProperty("children")
  })
})

describe("a restoration", () => {
  test("is told, takes the flag away, and counts the idle days from the last use, or from the creation", async () => {
    const [used, never] = [await made(), await made()]
    const idle = async (id: number) => (await fleet.row(id)).idleSK
    const fresh = await idle(never.id)
    for (const { id } of [used, never]) await change(id, { active: false })
    const lastUsed = start + 40 * day
    await fleet.table.put({ ...(await fleet.row(used.id)), lastUsed, flaggedAt: start } as never)
    for (const { id } of [used, never]) await change(id, { active: true, reason: "back" })
    expect(await lastEvent(used.id, "token.restored")).toEqual({
      ...{ before: { active: false }, after: { active: true }, reason: "back" },
    })
    expect(await fleet.row(used.id)).not.toHaveProperty("flaggedAt")
    expect(await idle(never.id)).toBe(fresh)
    expect(String(await idle(used.id)) > String(fresh)).toBe(true)
    await change(used.id, { active: true })
    expect((await fleet.eventsOf(used.id, "token.restored")).length).toBe(1)
  })

  test("is refused from its expiry on, to the millisecond; and of an account that is inactive", async () => {
    const { id, expiration } = await made({ expiration: "7d" })
    await change(id, { active: false })
    const end = Date.parse(expiration as string)
    // `change` comes a millisecond later.
    fleet.clock.set(end - 1)
    expect(await told(change(id, { active: true }))).toBe("token-expired")
    fleet.clock.set(end - 2)
    expect(await told(change(id, { active: true }))).toBe("done")
    const endless = await made({ expiration: "never" })
    await change(endless.id, { active: false })
    const set = (active: boolean) => updateUser(runtime(), anAdmin(), fleet.user.id, { active }, undefined)
    await set(false)
    expect(await told(change(endless.id, { active: true }))).toBe("account-inactive")
    await set(true)
    expect(await told(change(endless.id, { active: true }))).toBe("done")
  })

  test("of one that went with all others comes back under the account's epoch, unless they were compromised", async () => {
    const { user } = await createUser(runtime(), anAdmin(), {
      ...{ user_type: "Service", name: `epoch ${names++}`, role: "Member", teams: [] },
    })
    const { id } = await made({ user_id: user.user_id })
    await revokeTokens(runtime(), anAdmin(), user.id, { compromised: false })
    expect((await getToken(runtime(), anAdmin(), "all", id)).status).toBe("revoked")
    expect((await change(id, { active: true })).status).toBe("active")
    expect(await fleet.row(id)).toMatchObject({ epoch: 1 })
    await revokeTokens(runtime(), anAdmin(), user.id, { compromised: true })
    expect(await told(change(id, { active: true }))).toBe("token-compromised")
  })
})

describe("a change of networks", () => {
  test("is told with those before, and one that changes nothing is none", async () => {
    const { id } = await made()
    const { version } = await fleet.row(id)
    expect((await change(id, { allowed_cidrs: ["10.0.0.0/8"], reason: "office" })).allowed_cidrs).toEqual([
      "10.0.0.0/8",
    ])
    expect(await lastEvent(id, "token.updated")).toEqual({
      ...{ before: { allowed_cidrs: [] }, after: { allowed_cidrs: ["10.0.0.0/8"] }, reason: "office" },
    })
    await change(id, { allowed_cidrs: ["10.0.0.0/8"] })
    expect((await fleet.row(id)).version).toBe(version + 1)
    await change(id, { allowed_cidrs: [] })
    expect(await lastEvent(id, "token.updated")).toMatchObject({
      ...{ before: { allowed_cidrs: ["10.0.0.0/8"] }, after: { allowed_cidrs: [] } },
    })
    expect((await fleet.eventsOf(id, "token.updated")).length).toBe(2)
  })
})

describe("a deletion", () => {
  test("is told with the name, frees it, and counts the token out", async () => {
    const { user } = await createUser(runtime(), anAdmin(), {
      ...{ user_type: "Service", name: `deleting ${names++}`, role: "Member", teams: [] },
    })
    const first = await made({ user_id: user.user_id, name: "same" })
    expect(await told(deleteToken(runtime(), anAdmin(), "all", first.id, "unused"))).toBe("token-active")
    await change(first.id, { active: false })
    await deleteToken(runtime(), anAdmin(), "all", first.id, "unused")
    const [event] = (await fleet.events("token.deleted")).filter(({ subject }) => subject.handle === first.handle)
    expect(event).toMatchObject({ before: { name: "same" }, after: {}, reason: "unused" })
    expect(await fleet.table.table.get(accountKey(user.id))).toMatchObject({ tokens: 0 })
    expect((await made({ user_id: user.user_id, name: "same" })).name).toBe("same")
  })

  test("that another one was quicker with is not-found", async () => {
    const { id } = await made()
    await change(id, { active: false })
    const remove = () => deleteToken(runtime(), anAdmin(), "all", id, undefined)
    const late = fleet.runtimeOn(interrupted(fleet.table.table, remove))
    expect(await told(deleteToken(late, anAdmin(), "all", id, undefined))).toBe("not-found")
  })
})
