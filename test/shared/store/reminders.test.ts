import { describe, expect, test } from "vitest"
import { system } from "../../../shared/store/audit.ts"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { applyExpiryPolicy } from "../../../shared/store/expiry-policy.ts"
import { updateSettings } from "../../../shared/store/policy.ts"
import { remindExpiringTokens } from "../../../shared/store/reminders.ts"
import { accountKey, expiryListing, expiryPartitions, jobKey, tokenKey } from "../../../shared/store/table.ts"
import { revokeTokens, updateUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { aFleet, aRow, day, interrupted, second, start, stoppingAfter, watched } from "../../fleet.ts"

async function aRemindedFleet() {
  const fleet = await aFleet()
  const { runtimeOn, clock, events } = fleet
  return {
    ...fleet,
    remind: (on?: Table) => remindExpiringTokens(runtimeOn(on), system("remind-expiring-tokens", "r")),
    /** So many days, and seconds more, before the end of a token of 60 days. */
    left: (days: number, seconds = 0) => clock.set(start + (60 - days) * day - seconds * second),
    days: async () =>
      (await events("token.expiring")).map(({ after }) => after.days).sort((a, b) => Number(b) - Number(a)),
  }
}

describe("a token of 60 days", () => {
  test("is reminded of 30, 7 and 1 days before its end: once each, not a second early, and at the very second", async () => {
    const { token, remind, left, days, row, eventsOf } = await aRemindedFleet()
    const id = await token("60d")
    const had: number[] = []
    for (const due of [30, 7, 1]) {
      left(due, 1)
      expect(await remind()).toBe(0)
      left(due)
      expect(await remind()).toBe(1)
      had.push(due)
      expect(await days()).toEqual(had)
      expect((await row(id)).reminded).toBe(due)
      left(due, -1)
      expect(await remind()).toBe(0)
    }
    left(0)
    expect(await remind()).toBe(0)
    expect(await eventsOf(id, "token.expiring")).toHaveLength(3)
    const [event] = await eventsOf(id, "token.expiring")
    expect(event).toMatchObject({ actor: { userId: "system:remind-expiring-tokens" }, before: {} })
    expect(event?.after.expiration).toBe("2027-01-22T12:00:00Z")
  })

  test("F4 found late is reminded of what is most urgent only", async () => {
    const { token, remind, left, days } = await aRemindedFleet()
    await token("60d")
    left(6)
    expect(await remind()).toBe(1)
    expect(await days()).toEqual([7])
    left(0, 1)
    expect(await remind()).toBe(1)
    expect(await days()).toEqual([7, 1])
  })

  test("made for less than 30 days is reminded of from its first day", async () => {
    const { token, remind, days, clock } = await aRemindedFleet()
    await token("7d")
    await token("14d")
    expect(await remind()).toBe(2)
    expect(await days()).toEqual([30, 7])
    clock.advance(7 * day - second)
    expect(await remind()).toBe(1)
  })
})

test("a token that never expires, or later, or is over, is not reminded of", async () => {
  const { token, remind, clock } = await aRemindedFleet()
  for (const expiration of ["never", "1y", "7d"]) await token(expiration)
  clock.advance(8 * day)
  expect(await remind()).toBe(0)
})

test("a run reads the accounts of those that are due, and no others; of what is over not even the token", async () => {
  const { table, token, remind, left, user } = await aRemindedFleet()
  const id = await token("60d")
  const [ofToken, ofAccount] = [tokenKey(id).PK, accountKey(user.id).PK]
  const run = async () => {
    const { on, reads } = watched(table.table)
    await remind(on)
    return reads.keys
  }
  left(30, 1)
  expect(await run()).toEqual([])
  left(30)
  expect(await run()).toEqual([ofToken, ofAccount])
  expect(await run()).toEqual([ofToken])
  left(0)
  expect(await run()).toEqual([])
})

test("an index that is late tells of a token that is over by now: its account isn't read", async () => {
  const { table, remind, user } = await aRemindedFleet()
  const id = 3812345678900000
  for (const expiresAt of [start, start - second]) {
    await table.put(aRow(id, user.id, { expiresAt, ...expiryListing(id, start + day) }))
    const { on, reads } = watched(table.table)
    expect(await remind(on)).toBe(0)
    expect(reads.keys).toEqual([tokenKey(id).PK])
  }
})

test("a run keeps where it is under its own name", async () => {
  const { table, remind } = await aRemindedFleet()
  await remind()
  expect(await table.table.get(jobKey("remind-expiring-tokens"))).toMatchObject({ next: 0 })
})

test.each<[string, (fleet: Awaited<ReturnType<typeof aRemindedFleet>>, id: number) => Promise<unknown>]>([
  ["revoked", ({ set }, id) => set(id, false)],
  [
    "revoked with all others",
    ({ runtimeOn, user }) => revokeTokens(runtimeOn(), anAdmin(), user.id, { compromised: false }),
  ],
  [
    "of an inactive account",
    ({ runtimeOn, user }) => updateUser(runtimeOn(), anAdmin(), user.id, { active: false }, undefined),
  ],
])("a token that is %s is not reminded of", async (_, end) => {
  const fleet = await aRemindedFleet()
  const id = await fleet.token("30d")
  await end(fleet, id)
  expect(await fleet.remind()).toBe(0)
  expect(await fleet.days()).toEqual([])
})

test("a token that the policy has shortened is reminded of anew, as far as that is news", async () => {
  const { token, remind, days, runtimeOn, clock } = await aRemindedFleet()
  await token("60d")
  clock.advance(31 * day)
  expect(await remind()).toBe(1)
  await updateSettings(runtimeOn(), anAdmin(), { max_expiry_days: 33 }, undefined)
  expect(await applyExpiryPolicy(runtimeOn(), system("apply-expiry-policy", "r"))).toBe(1)
  expect(await remind()).toBe(1)
  expect(await days()).toEqual([30, 7])
})

describe("F4 meanwhile", () => {
  test("a revocation wins", async () => {
    const { token, remind, set, table, days } = await aRemindedFleet()
    const id = await token("30d")
    expect(await remind(interrupted(table.table, () => set(id, false)))).toBe(0)
    expect(await days()).toEqual([])
  })

  test("another run reminds of each once, with this one", async () => {
    const { token, remind, days } = await aRemindedFleet()
    for (let n = 0; n < 20; n++) await token("30d")
    const both = await Promise.all([remind(), remind()])
    expect(both.reduce((sum, count) => sum + count)).toBe(20)
    expect(await days()).toHaveLength(20)
  })

  test("a stop loses nothing, and nothing comes twice", async () => {
    const { token, remind, days, table } = await aRemindedFleet()
    for (let n = 0; n < 6; n++) await token("30d")
    await expect(remind(stoppingAfter(table.table, 2))).rejects.toThrow("stopped")
    expect(await days()).toHaveLength(2)
    expect(await remind()).toBe(4)
    expect(await days()).toHaveLength(6)
  })
})

test("F4 a run that is always stopped comes to every shard all the same: the next one begins where it was", async () => {
  const { table, remind, user, days } = await aRemindedFleet()
  for (let n = 0; n < 16; n++) {
    const id = 3812345678900000 + n
    await table.put(aRow(id, user.id, { expiresAt: start + day, ...expiryListing(id, start + day) }))
  }
  const done: number[] = []
  for (let run = 0; run < 6; run++) {
    await remind(stoppingAfter(table.table, 3)).catch(() => {})
    done.push((await days()).length)
  }
  expect(done).toEqual([3, 6, 9, 12, 15, 16])
})

test("more than a page of one shard is gone through, and what has expired is not", async () => {
  const { table, remind, user } = await aRemindedFleet()
  const rowOf = (n: number, expiresAt: number) => {
    const id = 3812345678900000 + n * 16
    return aRow(id, user.id, { expiresAt, ...expiryListing(id, expiresAt) })
  }
  for (let n = 0; n < 205; n++) await table.put(rowOf(n, start + day + n * second))
  for (let n = 205; n < 320; n++) await table.put(rowOf(n, start - n * second))
  const { on, reads } = watched(table.table)
  expect(await remind(on)).toBe(205)
  // A page for each shard, and two more of this one; what has expired is on its third, and the last one.
  expect(reads.pages).toBe(expiryPartitions().length + 2)
})
