import { describe, expect, test } from "vitest"
import { system } from "../../../shared/store/audit.ts"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { applyExpiryPolicy, countShortened, listShortened, shortened } from "../../../shared/store/expiry-policy.ts"
import { updateSettings } from "../../../shared/store/policy.ts"
import { expiryListing, type TokenItem, tokenKey } from "../../../shared/store/table.ts"
import { updateToken } from "../../../shared/store/tokens.ts"
import { recordUsage } from "../../../shared/store/usage.ts"
import { revokeTokens } from "../../../shared/store/users.ts"
import { anAdmin, aVerifiableToken } from "../../builders.ts"
import { aFleet, day, interrupted, second, start, stoppingAfter } from "../../fleet.ts"

const now = start
const iso = (instant: number) => new Date(instant).toISOString()

describe("a token of a policy of 30 days", () => {
  const policy = { allowNever: true, maxExpiryDays: 30 }
  const lowered = (age: number, left: number | undefined, given: Parameters<typeof shortened>[1] = policy) => {
    const token = { ...aVerifiableToken(), createdAt: now - age } as TokenItem
    if (left !== undefined) token.expiresAt = now + left
    const to = shortened(token, given, now)?.set.expiresAt
    return to === undefined ? undefined : to - now
  }

  test("lives to 30 days from its creation: at them, a second over, for ever", () => {
    expect(lowered(0, 30 * day - second)).toBeUndefined()
    expect(lowered(0, 30 * day)).toBeUndefined()
    expect(lowered(0, 30 * day + second)).toBe(30 * day)
    expect(lowered(0, undefined)).toBe(30 * day)
    expect(lowered(10 * day, 20 * day)).toBeUndefined()
    expect(lowered(10 * day, 20 * day + second)).toBe(20 * day)
  })

  test("and for a day from now, however old it is", () => {
    expect(lowered(29 * day, undefined)).toBe(day)
    expect(lowered(29 * day - second, undefined)).toBe(day + second)
    for (const age of [30 * day, 400 * day]) {
      expect(lowered(age, day)).toBeUndefined()
      expect(lowered(age, day + second)).toBe(day)
      expect(lowered(age, undefined)).toBe(day)
    }
  })

  test("ends at a whole second", () => expect(((lowered(10 * day + 1, undefined) as number) + now) % second).toBe(0))

  test("is left alone without a maximum, also where new ones must expire", () => {
    for (const allowNever of [true, false])
      expect(lowered(400 * day, undefined, { allowNever, maxExpiryDays: undefined })).toBeUndefined()
  })
})

/** A fleet with a token for each expiration. */
async function aStage(...expirations: string[]) {
  const fleet = await aFleet()
  const ids: number[] = []
  for (const expiration of expirations) ids.push(await fleet.token(expiration))
  const { runtimeOn } = fleet
  const row = (id = ids[0] as number) => fleet.row(id)
  return {
    ...fleet,
    ids,
    row,
    maximum: (max_expiry_days: number | null) =>
      updateSettings(runtimeOn(), anAdmin(), { max_expiry_days }, undefined).then(({ settings }) => settings.applying),
    apply: (on?: Table) => applyExpiryPolicy(runtimeOn(on), system("apply-expiry-policy", "r")),
    left: async () => {
      const rows = await Promise.all(ids.map((id) => row(id)))
      return rows.map(({ expiresAt }) => (expiresAt === undefined ? undefined : (expiresAt - now) / day))
    },
    events: () => fleet.events("token.updated"),
  }
}

describe("the job", () => {
  test("shortens what lives too long, once, with an event each, and leaves the rest", async () => {
    const { maximum, apply, left, events, row, ids, clock } = await aStage("7d", "30d", "31d", "1y", "never")
    expect(await apply()).toBe(0)
    expect(await maximum(30)).toBe(3)
    expect(await apply()).toBe(3)
    expect(await left()).toEqual([7, 30, 30, 30, 30])
    const trail = await events()
    expect(trail.map(({ before }) => before.expiration).sort()).toEqual(
      [iso(now + 31 * day), iso(now + 365 * day)].map((text) => text.replace(".000", "")).concat(null as never),
    )
    for (const { after, actor, subject } of trail)
      expect([after.expiration, actor.userId, subject.handle?.slice(0, 7)]).toEqual([
        "2026-12-23T12:00:00Z",
        "system:apply-expiry-policy",
        "symsvc_",
      ])
    const last = await row(ids[4])
    expect(last).toMatchObject({ ...expiryListing(last.id, last.expiresAt), version: 2 })
    expect((await row(ids[1])).version).toBe(1)

    expect(await apply()).toBe(0)
    clock.advance(30 * day - second)
    expect(await apply()).toBe(0)
    expect(await events()).toHaveLength(3)
  })

  test("gives an old token a day, and not a second one in a later run", async () => {
    const { maximum, apply, left, clock } = await aStage("1y")
    clock.advance(40 * day)
    await maximum(30)
    expect(await apply()).toBe(1)
    expect(await left()).toEqual([41])
    clock.advance(day / 2)
    expect(await apply()).toBe(0)
    expect(await left()).toEqual([41])
  })

  test("lengthens nothing when the policy is loosened, or gone", async () => {
    const { maximum, apply, left } = await aStage("1y")
    await maximum(30)
    await apply()
    for (const days of [31, 3650, null]) {
      expect(await maximum(days)).toBe(0)
      expect(await apply()).toBe(0)
      expect(await left()).toEqual([30])
    }
  })

  test("resumes after it was stopped half-way, and does nothing twice", async () => {
    const { maximum, apply, left, events, table } = await aStage("1y", "1y", "never", "60d")
    await maximum(30)
    await expect(apply(stoppingAfter(table.table, 2))).rejects.toThrow("stopped")
    expect(await events()).toHaveLength(2)
    expect(await apply()).toBe(2)
    expect(await left()).toEqual([30, 30, 30, 30])
    expect(await events()).toHaveLength(4)
  })

  test("run twice at once shortens each once", async () => {
    const { maximum, apply, events } = await aStage("1y", "never", "60d")
    await maximum(30)
    const counts = await Promise.all([apply(), apply()])
    expect(counts.reduce((sum, count) => sum + count)).toBe(3)
    expect(await events()).toHaveLength(3)
  })

  test("goes through more than a page of one shard", async () => {
    const { maximum, apply, table, row, user } = await aStage()
    const before = now - 100 * day
    const ids = Array.from({ length: 205 }, (_, n) => 3812345678900000 + n * 16)
    for (const id of ids)
      await table.put({
        ...aVerifiableToken({ id, accountId: user.id, expiresAt: now + 50 * day }),
        ...tokenKey(id),
        ...expiryListing(id, now + 50 * day),
        ...{ name: `t${id}`, version: 1, createdAt: before },
      })
    expect(new Set(ids.map((id) => expiryListing(id, now).expiryPK)).size).toBe(1)
    // The hundred that expire last, of each shard.
    expect(await maximum(30)).toBe(100)
    expect(await apply()).toBe(205)
    for (const id of ids) expect((await row(id)).expiresAt).toBe(now + day)
  })
})

describe("just before it writes", () => {
  test("a revoke wins", async () => {
    const { maximum, apply, table, runtimeOn, row, ids, left, events } = await aStage("1y")
    await maximum(30)
    const revoke = () => updateToken(runtimeOn(), anAdmin(), "all", ids[0] as number, { active: false })
    expect(await apply(interrupted(table.table, revoke))).toBe(0)
    expect([(await row()).state, ...(await left())]).toEqual(["REVOKED", 365])
    expect(await events()).toEqual([])
  })

  test("a use stays, and so does an edit: the token is shortened all the same", async () => {
    const { maximum, apply, table, runtimeOn, row, ids, user } = await aStage("1y")
    await maximum(30)
    const id = ids[0] as number
    const change = async () => {
      await recordUsage(runtimeOn(), anAdmin(), [
        { tokenId: id, accountId: user.id, usedAt: now + 1, networks: { n: now }, secrets: {} },
      ])
      await updateToken(runtimeOn(), anAdmin(), "all", id, { allowed_cidrs: ["203.0.113.0/24"] })
    }
    expect(await apply(interrupted(table.table, change))).toBe(1)
    expect(await row()).toMatchObject({
      lastUsed: now + 1,
      allowedCidrs: ["203.0.113.0/24"],
      expiresAt: now + 30 * day,
      version: 3,
    })
  })
})

describe("restoring", () => {
  test("obeys the policy, which left the revoked token alone", async () => {
    const { maximum, apply, runtimeOn, ids, left, table, user } = await aStage("1y", "30d", "never")
    const set = (id: number | undefined, active: boolean) =>
      updateToken(runtimeOn(), anAdmin(), "all", id as number, { active })
    await set(ids[0], false)
    await set(ids[1], false)
    await revokeTokens(runtimeOn(), anAdmin(), user.id, { compromised: false })
    expect(await maximum(30)).toBe(0)
    expect(await apply()).toBe(0)
    expect(await left()).toEqual([365, 30, undefined])
    for (const id of ids) expect((await set(id, true)).expiration).toBe("2026-12-23T12:00:00Z")
    expect(await left()).toEqual([30, 30, 30])
    const trail = (await table.dump()).filter(({ action }) => action === "token.restored")
    expect(trail.map(({ after }) => after)).toEqual(
      expect.arrayContaining([{ active: true }, { active: true, expiration: "2026-12-23T12:00:00Z" }]),
    )
    expect(await apply()).toBe(0)
  })
})

describe("what a policy would shorten", () => {
  const page = { limit: 50, cursor: undefined, binding: "b" }

  test("is listed with what it would come to; what is revoked, or short, isn't", async () => {
    const { runtimeOn, ids, set, user } = await aStage("never", "90d", "10d", "60d")
    const [never, long, , revoked] = ids as [number, number, number, number]
    await set(revoked, false)
    const { items, next_cursor } = await listShortened(runtimeOn(), page, { max_expiry_days: 30, limit: 50 })
    const shown = new Map(
      items.map(({ id, status, expiration, new_expiration, user: owner }) => [
        id,
        [status, expiration, new_expiration, owner.user_id],
      ]),
    )
    const [now90, now30] = [90, 30].map((days) => iso(now + days * day).replace(".000", ""))
    expect(shown).toEqual(
      new Map([
        [never, ["active", null, now30, user.user_id]],
        [long, ["active", now90, now30, user.user_id]],
      ]),
    )
    expect(next_cursor).toBeNull()
    expect(await countShortened(runtimeOn(), { allowNever: true, maxExpiryDays: 30 })).toBe(2)
  })

  test("is read only of those that have more than a day to live: a second more, a day", async () => {
    const { table, runtimeOn, clock, ids, maximum } = await aStage("2026-11-25T12:00:00Z", "never")
    await maximum(1)
    const read = async () => {
      const keys = new Set<string>()
      const batchGet: Table["batchGet"] = (wanted) => {
        for (const { PK } of wanted) keys.add(PK)
        return table.table.batchGet(wanted)
      }
      await applyExpiryPolicy(runtimeOn({ ...table.table, batchGet }), system("apply-expiry-policy", "r"))
      return ids.filter((id) => keys.has(tokenKey(id).PK))
    }
    const [short, never] = ids
    clock.set(now + day - second)
    expect(await read()).toEqual([short, never])
    // Each has been given a day from then.
    expect(await read()).toEqual([])
  })
})
