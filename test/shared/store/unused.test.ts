// Long because what a sweep does to a token depends on all that may happen to it before, and meanwhile.
import { describe, expect, test } from "vitest"
import { system } from "../../../shared/store/audit.ts"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { updateSettings } from "../../../shared/store/policy.ts"
import { readSettings } from "../../../shared/store/settings.ts"
import { showToken } from "../../../shared/store/shown-token.ts"
import {
  type AccountItem,
  accountKey,
  flaggedListing,
  idleListing,
  idlePartitions,
  tokenKey,
} from "../../../shared/store/table.ts"
import { deleteToken } from "../../../shared/store/tokens.ts"
import { sweepUnusedTokens } from "../../../shared/store/unused.ts"
import { revokeTokens, updateUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { aFleet, aRow, day, interrupted, second, start, stoppingAfter, watched } from "../../fleet.ts"

async function aSweptFleet() {
  const fleet = await aFleet()
  const { runtimeOn, clock, row, table, user } = fleet
  return {
    ...fleet,
    settings: (changes: Parameters<typeof updateSettings>[2]) =>
      updateSettings(runtimeOn(), anAdmin(), changes, undefined),
    sweep: (on?: Table) => sweepUnusedTokens(runtimeOn(on), system("flag-unused-tokens", "r")),
    at: (days: number, milliseconds = 0) => clock.set(start + days * day + milliseconds),
    shown: async (id: number) => {
      const account = (await table.table.get<AccountItem>(accountKey(user.id))) as AccountItem
      return showToken(await row(id), account, clock.now(), await readSettings(runtimeOn()))
    },
  }
}

const nothing = { flagged: 0, revoked: 0, dropped: 0 }

describe("a token that nobody uses", () => {
  test.each([
    ["never used: from its creation", false],
    ["used: from its last use", true],
  ])("%s, is flagged after 90 days: at 89, a second before, at 90, and not again at 91", async (_, used) => {
    const { token, use, sweep, at, shown, row, eventsOf } = await aSweptFleet()
    const id = await token("never")
    if (used) await use(id)
    for (const [days, milliseconds] of [
      [89, 0],
      [90, -second],
      [90, -1],
    ] as const) {
      at(days, milliseconds)
      expect(await sweep()).toEqual(nothing)
      expect((await shown(id)).flags).toEqual(["never-expires"])
    }
    at(90)
    expect((await shown(id)).flags).toEqual(["unused", "never-expires"])
    expect(await sweep()).toEqual({ ...nothing, flagged: 1 })
    expect(await row(id)).toMatchObject({
      flaggedAt: start + 90 * day,
      ...flaggedListing(id, start + 90 * day),
      version: 1,
    })
    for (const days of [90, 91, 400]) {
      at(days, second)
      expect(await sweep()).toEqual(nothing)
    }
    const [event, ...others] = await eventsOf(id, "token.unused")
    expect(others).toEqual([])
    expect(event).toMatchObject({
      actor: { userId: "system:flag-unused-tokens" },
      before: {},
      after: { last_used: used ? "2026-11-23T12:00:00Z" : null, unused_days: 90 },
    })
  })

  test("is flagged by a sweep of every day, wherever its own day begins, and never early", async () => {
    const { table, at, sweep, user, row } = await aSweptFleet()
    const ids = Array.from({ length: 200 }, (_, n) => 3812345678900000 + n * 12_347)
    const usedAt = (n: number) => start - day + n * 864_000
    for (const [n, id] of ids.entries())
      await table.put(aRow(id, user.id, { lastUsed: usedAt(n), ...idleListing(id, usedAt(n)) }))
    for (let days = 88; days < 93; days++) {
      at(days)
      await sweep()
      for (const [n, id] of ids.entries())
        expect([id, (await row(id)).flaggedAt !== undefined]).toEqual([id, start + days * day - usedAt(n) >= 90 * day])
    }
  })

  test("loses the flag by its next use, and gets it, and its event, anew after 90 days more", async () => {
    const { token, use, sweep, at, shown, row, eventsOf } = await aSweptFleet()
    const id = await token("never")
    at(95)
    await sweep()
    at(96)
    await use(id)
    expect((await shown(id)).flags).toEqual(["never-expires"])
    const after = await row(id)
    expect(after.flaggedAt).toBeUndefined()
    expect(after).toMatchObject(idleListing(id, start + 96 * day))
    at(186, -1)
    expect(await sweep()).toEqual(nothing)
    at(186)
    expect(await sweep()).toEqual({ ...nothing, flagged: 1 })
    expect(await eventsOf(id, "token.unused")).toHaveLength(2)
  })

  test("of an account that is inactive is flagged like any other", async () => {
    const { token, sweep, at, runtimeOn, user } = await aSweptFleet()
    await token("never")
    await updateUser(runtimeOn(), anAdmin(), user.id, { active: false }, undefined)
    at(91)
    expect(await sweep()).toEqual({ ...nothing, flagged: 1 })
  })

  test("obeys the settings: 30 days, and 180 again", async () => {
    const { token, sweep, at, settings, shown, row } = await aSweptFleet()
    const id = await token("never")
    at(30)
    expect(await sweep()).toEqual(nothing)
    await settings({ unused_days: 30 })
    expect(await sweep()).toEqual({ ...nothing, flagged: 1 })
    await settings({ unused_days: 180, auto_revoke_unused: true, auto_revoke_unused_days: 1 })
    at(90)
    expect((await shown(id)).flags).toEqual(["never-expires"])
    // It comes back among the idle ones, instead of being revoked.
    expect(await sweep()).toEqual(nothing)
    expect((await row(id)).idlePK).toMatch(/^IDLE#/)
    at(180)
    expect(await sweep()).toEqual({ ...nothing, flagged: 1 })
  })
})

describe("a dead token leaves the index, once and without an event:", () => {
  test.each<[string, (fleet: Awaited<ReturnType<typeof aSweptFleet>>, id: number) => Promise<unknown>]>([
    ["revoked", ({ set }, id) => set(id, false)],
    [
      "revoked with all others",
      ({ runtimeOn, user }) => revokeTokens(runtimeOn(), anAdmin(), user.id, { compromised: false }),
    ],
    ["expired", async () => {}],
  ])("%s", async (_, end) => {
    const fleet = await aSweptFleet()
    const { token, sweep, at, row, events } = fleet
    const id = await token("60d")
    await end(fleet, id)
    at(91)
    const before = (await events()).length
    expect(await sweep()).toEqual({ ...nothing, dropped: 1 })
    const { idlePK, idleSK, flaggedAt } = await row(id)
    expect([idlePK, idleSK, flaggedAt]).toEqual([undefined, undefined, undefined])
    expect(await sweep()).toEqual(nothing)
    expect(await events()).toHaveLength(before)
  })

  test("revoked by a person after its flag, at once", async () => {
    const { token, sweep, at, set, row } = await aSweptFleet()
    const id = await token("never")
    at(90)
    await sweep()
    await set(id, false)
    const { idlePK, flaggedAt, state } = await row(id)
    expect([idlePK, flaggedAt, state]).toEqual([undefined, undefined, "REVOKED"])
    expect(await sweep()).toEqual(nothing)
    await set(id, true)
    expect(await sweep()).toEqual({ ...nothing, flagged: 1 })
  })

  test("restored, it is watched again, with as long a notice as any", async () => {
    const { token, sweep, at, set, settings, row, eventsOf } = await aSweptFleet()
    const id = await token("never")
    await settings({ auto_revoke_unused: true })
    at(90)
    await sweep()
    await set(id, false)
    at(119)
    await set(id, true)
    expect((await row(id)).flaggedAt).toBeUndefined()
    expect(await sweep()).toEqual({ ...nothing, flagged: 1 })
    at(149, -1)
    expect(await sweep()).toEqual(nothing)
    expect(await eventsOf(id, "token.unused")).toHaveLength(2)
  })
})

describe("auto_revoke_unused", () => {
  test("is off: a flagged token stays as it is for years", async () => {
    const { token, sweep, at, row } = await aSweptFleet()
    const id = await token("never")
    at(90)
    await sweep()
    at(1000)
    expect(await sweep()).toEqual(nothing)
    expect((await row(id)).state).toBe("ACTIVE")
  })

  test("on, revokes 30 days after the flag, not before; with a reason of its own, and reversibly", async () => {
    const { token, sweep, at, row, set, settings, eventsOf } = await aSweptFleet()
    const id = await token("never")
    await settings({ auto_revoke_unused: true })
    // Later than it might have been: the notice counts.
    at(100)
    expect(await sweep()).toEqual({ ...nothing, flagged: 1 })
    at(130, -second)
    expect(await sweep()).toEqual(nothing)
    at(130)
    expect(await sweep()).toEqual({ ...nothing, revoked: 1 })
    expect(await sweep()).toEqual(nothing)
    const revoked = await row(id)
    expect([revoked.state, revoked.idlePK, revoked.compromised]).toEqual(["REVOKED", undefined, undefined])
    expect(await eventsOf(id, "token.revoked")).toMatchObject([
      {
        actor: { userId: "system:flag-unused-tokens" },
        reason: "not used for 30 days after it was flagged as unused",
        before: { active: true },
        after: { active: false },
      },
    ])
    expect((await set(id, true)).status).toBe("active")
  })

  test("leaves alone what was used after its flag", async () => {
    const { token, sweep, at, use, settings } = await aSweptFleet()
    const id = await token("never")
    await settings({ auto_revoke_unused: true })
    at(90)
    await sweep()
    at(119)
    await use(id)
    at(130)
    expect(await sweep()).toEqual(nothing)
  })
})

describe("F4 during a sweep", () => {
  test("a use wins", async () => {
    const { token, sweep, at, use, table, clock, row, eventsOf } = await aSweptFleet()
    const id = await token("never")
    at(91)
    expect(await sweep(interrupted(table.table, () => use(id, clock.now() - 1)))).toEqual(nothing)
    expect((await row(id)).flaggedAt).toBeUndefined()
    expect(await eventsOf(id, "token.unused")).toEqual([])
  })

  test("a use wins over the revocation", async () => {
    const { token, sweep, at, use, table, clock, row, settings } = await aSweptFleet()
    const id = await token("never")
    await settings({ auto_revoke_unused: true })
    at(90)
    await sweep()
    at(120)
    expect(await sweep(interrupted(table.table, () => use(id, clock.now() - 1)))).toEqual(nothing)
    expect((await row(id)).state).toBe("ACTIVE")
  })

  test("a revocation, and a deletion, leave nothing behind but what they left", async () => {
    const { token, sweep, at, set, table, row, runtimeOn, events } = await aSweptFleet()
    const id = await token("never")
    at(91)
    expect(await sweep(interrupted(table.table, () => set(id, false)))).toEqual(nothing)
    expect(await row(id)).toMatchObject({ state: "REVOKED", version: 2 })
    const gone = await token("never")
    await set(gone, false)
    at(182)
    const remove = () => deleteToken(runtimeOn(), anAdmin(), "all", gone, undefined)
    const updating: Table = {
      ...table.table,
      update: async (key, changes, condition) => {
        if (key.PK === tokenKey(gone).PK) await remove()
        return table.table.update(key, changes, condition)
      },
    }
    // The revoked one goes; for the other, which is deleted just then, there is nothing to do.
    expect(await sweep(updating)).toEqual({ ...nothing, dropped: 1 })
    expect(await row(gone)).toBeUndefined()
    expect(await events("token.unused")).toEqual([])
  })

  test("another one does each thing once, with it", async () => {
    const { token, sweep, at, events } = await aSweptFleet()
    for (let n = 0; n < 20; n++) await token("never")
    at(91)
    const both = await Promise.all([sweep(), sweep()])
    expect(both.reduce((sum, { flagged }) => sum + flagged, 0)).toBe(20)
    expect(await events("token.unused")).toHaveLength(20)
  })

  test("that is stopped, nothing is lost and nothing done twice: the next one goes on", async () => {
    const { token, sweep, at, table, events } = await aSweptFleet()
    for (let n = 0; n < 8; n++) await token("never")
    at(91)
    await expect(sweep(stoppingAfter(table.table, 3))).rejects.toThrow("stopped")
    expect(await events("token.unused")).toHaveLength(3)
    expect(await sweep()).toEqual({ ...nothing, flagged: 5 })
    expect(await events("token.unused")).toHaveLength(8)
  })

  test("more than a page of one shard is gone through", async () => {
    const { table, sweep, at, user } = await aSweptFleet()
    const ids = Array.from({ length: 205 }, (_, n) => 3812345678900000 + n * 16)
    for (const id of ids) await table.put(aRow(id, user.id, { ...idleListing(id, start) }))
    at(92)
    expect(await sweep()).toEqual({ ...nothing, flagged: 205 })
  })
})

describe("a sweep", () => {
  test("leaves a line with what it has done, also when that is nothing", async () => {
    const { token, at, runtimeOn } = await aSweptFleet()
    await token("never")
    const lines = []
    for (const days of [89, 90]) {
      at(days)
      const runtime = runtimeOn()
      await sweepUnusedTokens(runtime, system("flag-unused-tokens", "r"))
      lines.push(...runtime.lines)
    }
    expect(lines).toEqual([
      { event: "sweep", ...nothing },
      { event: "sweep", ...nothing, flagged: 1 },
    ])
  })

  test("reads the tokens that are idle for long enough, and of those that are flagged only where it revokes", async () => {
    const { token, at, sweep, table, settings } = await aSweptFleet()
    const id = await token("never")
    const run = async () => {
      const { on, reads } = watched(table.table)
      await sweep(on)
      return [reads.pages, reads.keys.filter((key) => key === tokenKey(id).PK).length]
    }
    const shards = idlePartitions().length
    at(89)
    expect(await run()).toEqual([shards, 0])
    at(90)
    expect(await run()).toEqual([shards, 1])
    expect(await run()).toEqual([shards, 0])
    await settings({ auto_revoke_unused: true, auto_revoke_unused_days: 30 })
    at(119)
    expect(await run()).toEqual([2 * shards, 0])
    at(120)
    expect(await run()).toEqual([2 * shards, 1])
  })

  test("counts its revocation as a version of the token", async () => {
    const { token, at, sweep, settings, row } = await aSweptFleet()
    const id = await token("never")
    await settings({ auto_revoke_unused: true, auto_revoke_unused_days: 30 })
    at(90)
    await sweep()
    expect(await row(id)).toMatchObject({ state: "ACTIVE", version: 1 })
    at(120)
    expect(await sweep()).toEqual({ ...nothing, revoked: 1 })
    expect(await row(id)).toMatchObject({ state: "REVOKED", version: 2 })
  })

  test("leaves the tokens of an account that is being deleted to the purge", async () => {
    const { token, at, sweep, table, user } = await aSweptFleet()
    await token("never")
    const account = await table.table.get<AccountItem>(accountKey(user.id))
    await table.put({ ...(account as AccountItem), state: "DELETING" })
    at(90)
    expect(await sweep()).toEqual(nothing)
  })
})
