// Long because it goes through a rotation from every side, each case with a clock of its own.
import { beforeEach, describe, expect, test } from "vitest"
import { system } from "../../../shared/store/audit.ts"
import { applyExpiryPolicy } from "../../../shared/store/expiry-policy.ts"
import { updateSettings } from "../../../shared/store/policy.ts"
import { abortRotation, completeRotation, startRotation } from "../../../shared/store/rotation.ts"
import { type AccountItem, accountKey } from "../../../shared/store/table.ts"
import { getToken, updateToken } from "../../../shared/store/tokens.ts"
import { coalesce, recordUsage } from "../../../shared/store/usage.ts"
import { revokeTokens, updateUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { aFleet, day, second, start } from "../../fleet.ts"
import { judge, usageLine, wordOf } from "../../judge.ts"
import { codeOf } from "../../told.ts"

const hour = 3_600_000
let fleet: Awaited<ReturnType<typeof aFleet>>
beforeEach(async () => {
  fleet = await aFleet()
})

/** A token of which one secret is known, at first. */
async function aToken(expiration = "90d") {
  const { runtimeOn, row, clock, table, user } = fleet
  const { id, bearer } = await fleet.issued(expiration)
  const judged = async (secret: string) =>
    judge(secret, await row(id), await table.table.get<AccountItem>(accountKey(user.id)), clock.now())
  const use = async (secret: string, network?: string) => usageLine(await judged(secret), clock.now(), network)
  const deliver = (...lines: string[]) => recordUsage(runtimeOn(), system("record-usage", "r"), coalesce(lines))
  const said = async (secret: string) => wordOf(await judged(secret))
  return {
    id,
    old: bearer,
    said,
    use,
    deliver,
    rotate: async (body: { overlap_hours?: number; expiration?: string } = {}) =>
      (await startRotation(runtimeOn(), anAdmin(), "all", id, { overlap_hours: 168, ...body }, undefined)).bearer_token,
    complete: () => completeRotation(runtimeOn(), anAdmin(), "all", id, {}),
    abort: () => abortRotation(runtimeOn(), anAdmin(), "all", id, {}),
    shown: () => getToken(runtimeOn(), anAdmin(), "all", id),
    revoke: (compromised = false) => updateToken(runtimeOn(), anAdmin(), "all", id, { active: false, compromised }),
    restore: () => updateToken(runtimeOn(), anAdmin(), "all", id, { active: true }),
  }
}

const at = (milliseconds: number) => fleet.clock.set(start + milliseconds)
const actions = async () => (await fleet.events()).map(({ action }) => action).filter((action) => /rotat/.test(action))

describe("a rotation", () => {
  test("has both secrets good, until the first use of the new one begins the overlap, and its end supersedes the old", async () => {
    const { old, rotate, said, use, deliver, shown, id } = await aToken()
    const fresh = await rotate({ overlap_hours: 24 })
    expect([await said(old), await said(fresh)]).toEqual(["current", "pending"])
    at(3 * day)
    // However long nobody uses it, nothing changes for the old one.
    await deliver(await use(old, "198.51.100.0/24"))
    expect(await shown()).toMatchObject({
      id,
      rotation: {
        state: "pending",
        since: "2026-11-23T12:00:00Z",
        until: "2026-12-23T12:00:00Z",
        old_last_used: "2026-11-26T12:00:00Z",
        old_network: "198.51.100.0/24",
      },
    })
    at(4 * day)
    await deliver(await use(fresh))
    expect([await said(old), await said(fresh)]).toEqual(["previous", "current"])
    at(4 * day + hour)
    await deliver(await use(old, "198.51.100.0/24"))
    expect((await shown()).rotation).toEqual({
      state: "overlapping",
      since: "2026-11-27T12:00:00Z",
      until: "2026-11-28T12:00:00Z",
      new_expiration: "2027-02-21T12:00:00Z",
      old_last_used: "2026-11-27T13:00:00Z",
      old_network: "198.51.100.0/24",
    })
    at(5 * day - 1)
    expect(await said(old)).toBe("previous")
    at(5 * day)
    expect([await said(old), await said(fresh)]).toEqual(["token-superseded", "current"])
    expect((await shown()).rotation).toBeNull()
    expect(await actions()).toEqual(["token.rotation-started", "token.rotated"])
  })

  test("keeps id and name, and gives as long a life as before, from its beginning", async () => {
    const { rotate, shown, use, deliver, id } = await aToken("30d")
    const { name } = await shown()
    at(20 * day)
    const fresh = await rotate()
    expect((await shown()).expiration).toBe("2026-12-23T12:00:00Z")
    await deliver(await use(fresh))
    expect(await shown()).toMatchObject({ id, name, expiration: "2027-01-12T12:00:00Z" })
    expect((await fleet.row(id)).expirySK.slice(0, 24)).toBe("2027-01-12T12:00:00.000Z")
  })

  test("gives no life beyond the last instant that there is", async () => {
    const { rotate, shown, use, deliver, id } = await aToken("9999-12-31T23:59:59Z")
    at(day)
    const fresh = await rotate()
    expect((await shown()).rotation).toMatchObject({ new_expiration: "9999-12-31T23:59:59Z" })
    await deliver(await use(fresh))
    expect((await shown()).expiration).toBe("9999-12-31T23:59:59Z")
    expect((await fleet.row(id)).expirySK.slice(0, 24)).toBe("9999-12-31T23:59:59.000Z")
  })

  test("gives the expiry that is asked for, never included, both ways", async () => {
    const { rotate, shown, use, deliver } = await aToken("30d")
    await deliver(await use(await rotate({ expiration: "never" })))
    expect((await shown()).expiration).toBeNull()
    at(8 * day)
    await deliver(await use(await rotate({ expiration: "7d" })))
    expect((await shown()).expiration).toBe("2026-12-08T12:00:00Z")
  })

  test("has an overlap of 0 to 720 hours, and never past the old expiry", async () => {
    const none = await aToken()
    await none.deliver(await none.use(await none.rotate({ overlap_hours: 0 })))
    expect(await none.said(none.old)).toBe("token-superseded")
    const long = await aToken("7d")
    const fresh = await long.rotate({ overlap_hours: 720, expiration: "90d" })
    await long.deliver(await long.use(fresh))
    expect((await long.shown()).rotation?.until).toBe("2026-11-30T12:00:00Z")
    at(7 * day - 1)
    expect([await long.said(long.old), await long.said(fresh)]).toEqual(["previous", "current"])
    at(7 * day)
    expect([await long.said(long.old), await long.said(fresh)]).toEqual(["token-superseded", "current"])
  })

  test("one at a time: pending, overlapping; and again when the overlap is over", async () => {
    const { rotate, use, deliver } = await aToken()
    const second = await rotate({ overlap_hours: 1 })
    expect(await codeOf(rotate())).toBe("rotation-pending")
    await deliver(await use(second))
    expect(await codeOf(rotate())).toBe("rotation-pending")
    at(hour)
    expect(await codeOf(rotate())).toBe("none")
  })

  test("complete ends the overlap now, and only an overlap", async () => {
    const { old, rotate, use, deliver, complete, said, shown } = await aToken()
    expect(await codeOf(complete())).toBe("no-rotation")
    const fresh = await rotate()
    expect(await codeOf(complete())).toBe("no-rotation")
    await deliver(await use(fresh))
    at(hour)
    expect((await complete()).rotation).toBeNull()
    expect([await said(old), await said(fresh)]).toEqual(["token-superseded", "current"])
    expect(await codeOf(complete())).toBe("no-rotation")
    expect((await shown()).status).toBe("active")
    // Also to an authorizer whose clock is behind.
    at(hour - 60 * second)
    expect([await said(old), await said(fresh)]).toEqual(["token-superseded", "current"])
    expect((await fleet.events("token.rotation-completed"))[0]).toMatchObject({
      before: { generation: 1, superseded_at: "2026-11-30T12:00:00Z" },
      after: { superseded_at: "2026-11-23T13:00:00Z" },
    })
  })

  test("abort drops the new secret, and only an unused one; the next one is another", async () => {
    const { old, rotate, use, deliver, abort, said } = await aToken()
    expect(await codeOf(abort())).toBe("no-rotation")
    const dropped = await rotate()
    const late = await use(dropped)
    expect((await abort()).rotation).toBeNull()
    expect([await said(old), await said(dropped)]).toEqual(["current", "invalid-token"])
    const fresh = await rotate()
    // A use of the dropped one, told late, makes nobody current.
    await deliver(late)
    expect([await said(old), await said(dropped), await said(fresh)]).toEqual(["current", "invalid-token", "pending"])
    await deliver(await use(fresh))
    expect(await codeOf(abort())).toBe("no-rotation")
    // All of one instant.
    expect((await actions()).sort()).toEqual([
      "token.rotated",
      "token.rotation-aborted",
      "token.rotation-started",
      "token.rotation-started",
    ])
  })

  test("that nobody has used for 30 days is none: a millisecond before, and at it", async () => {
    const { old, rotate, said, shown, id } = await aToken("1y")
    const lost = await rotate()
    at(30 * day - 1)
    expect(await said(lost)).toBe("pending")
    at(30 * day)
    expect([await said(old), await said(lost), (await shown()).rotation]).toEqual(["current", "token-expired", null])
    expect(await codeOf(rotate())).toBe("none")
    expect((await fleet.row(id)).pending?.generation).toBe(3)
  })
})

describe("it never lifts a token that is", () => {
  test("revoked, whatever comes first", async () => {
    const { old, rotate, use, deliver, revoke, restore, said } = await aToken()
    const fresh = await rotate()
    const first = await use(fresh)
    await revoke()
    await deliver(first, first)
    expect([await said(old), await said(fresh)]).toEqual(["token-revoked", "token-revoked"])
    expect(await codeOf(rotate())).toBe("token-not-active")
    expect(await actions()).toEqual(["token.rotation-started"])
    // By a person, and then both are as they were.
    await restore()
    expect([await said(old), await said(fresh)]).toEqual(["current", "pending"])
  })

  test("revoked with all others", async () => {
    const { old, rotate, use, deliver, said } = await aToken()
    const fresh = await rotate()
    const first = await use(fresh)
    await revokeTokens(fleet.runtimeOn(), anAdmin(), fleet.user.id, { compromised: false })
    await deliver(first)
    expect([await said(old), await said(fresh)]).toEqual(["token-revoked", "token-revoked"])
    expect(await codeOf(rotate())).toBe("token-not-active")
  })

  test("expired, also by a use before its end that is told after it", async () => {
    const { rotate, use, deliver, said, old } = await aToken("7d")
    const fresh = await rotate({ expiration: "90d" })
    at(7 * day - second)
    const first = await use(fresh)
    at(7 * day)
    await deliver(first)
    expect([await said(old), await said(fresh)]).toEqual(["token-expired", "token-expired"])
    expect(await codeOf(rotate())).toBe("token-not-active")
  })

  test("compromised", async () => {
    const { rotate, use, deliver, revoke, restore, said } = await aToken()
    const fresh = await rotate()
    const first = await use(fresh)
    await revoke(true)
    await deliver(first)
    expect(await said(fresh)).toBe("token-revoked")
    expect(await codeOf(restore())).toBe("token-compromised")
    expect(await codeOf(rotate())).toBe("token-not-active")
  })

  test("of an inactive account", async () => {
    const { rotate, use, deliver, said } = await aToken()
    const fresh = await rotate()
    const first = await use(fresh)
    await updateUser(fleet.runtimeOn(), anAdmin(), fleet.user.id, { active: false }, undefined)
    await deliver(first)
    expect(await said(fresh)).toBe("account-inactive")
    expect(await codeOf(rotate())).toBe("token-not-active")
    expect(await actions()).toEqual(["token.rotation-started"])
  })
})

describe("its first use", () => {
  test("delivered twice, late, and from two places at once, counts once; the earliest begins the overlap", async () => {
    const { rotate, use, deliver, shown, old, said } = await aToken()
    const fresh = await rotate({ overlap_hours: 2 })
    at(hour)
    const [one, other] = [await use(fresh, "203.0.113.0/24"), await use(fresh, "198.51.100.0/24")]
    at(hour + 60_000)
    const later = await use(fresh)
    await Promise.all([deliver(one, later), deliver(other), deliver(one)])
    await deliver(other, later)
    expect((await shown()).rotation).toMatchObject({ since: "2026-11-23T13:00:00Z", until: "2026-11-23T15:00:00Z" })
    expect(await actions()).toEqual(["token.rotation-started", "token.rotated"])
    at(3 * hour)
    expect([await said(old), await said(fresh)]).toEqual(["token-superseded", "current"])
  })

  test("takes a use of the old secret that comes late for the old one's", async () => {
    const { rotate, use, deliver, shown, old } = await aToken()
    const fresh = await rotate()
    at(hour)
    const ofOld = await use(old, "198.51.100.0/24")
    at(2 * hour)
    await deliver(await use(fresh))
    expect((await shown()).rotation).toMatchObject({ old_last_used: null, old_network: null })
    await deliver(ofOld)
    expect((await shown()).rotation).toMatchObject({
      old_last_used: "2026-11-23T13:00:00Z",
      old_network: "198.51.100.0/24",
    })
    expect((await shown()).last_used).toBe("2026-11-23T14:00:00Z")
  })
})

test("obeys the policy: what it gives, and what exists, from the rotation on", async () => {
  const { rotate, use, deliver, shown } = await aToken("1y")
  at(100 * day)
  await updateSettings(fleet.runtimeOn(), anAdmin(), { max_expiry_days: 200 }, undefined)
  expect(await codeOf(rotate({ expiration: "1y" }))).toBe("validation-failed")
  expect(await codeOf(rotate({ expiration: "never" }))).toBe("validation-failed")
  await deliver(await use(await rotate()))
  const lives = "2027-09-19T12:00:00Z"
  expect((await shown()).expiration).toBe(lives)
  at(180 * day)
  // 280 days after its creation, and within 200 of its present secret.
  expect(await applyExpiryPolicy(fleet.runtimeOn(), system("apply-expiry-policy", "r"))).toBe(0)
  expect((await shown()).expiration).toBe(lives)
})
