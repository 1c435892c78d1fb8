import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Problem } from "../../../shared/contract/problems.ts"
import { type ExpiryPolicy, expiryOf, instantOf, instantOrNull } from "../../../shared/store/instants.ts"
import { settings } from "../../../shared/store/settings.ts"
import { flagsOf } from "../../../shared/store/shown-token.ts"
import type { TokenItem } from "../../../shared/store/table.ts"
import { anAccount } from "../../builders.ts"

const now = Date.parse("2026-11-23T12:00:00Z")
const day = 86_400_000
const iso = (offset: number) => new Date(now + offset).toISOString()

/** What is wrong with it, or undefined. */
const refusal = (expiration: string, policy: ExpiryPolicy = settings): string | undefined => {
  try {
    expiryOf(expiration, now, policy)
  } catch (error) {
    const [first] = (error as Problem).extras.errors as { pointer: string; detail: string }[]
    return `${first?.pointer} ${first?.detail}`
  }
}
const shapeless = "/expiration must be 7d to 365d, 1y, never, or an RFC 3339 instant"
const tooSoon = "/expiration must be at least one hour ahead"

describe("expiryOf", () => {
  test.each([
    ["7d", now + 7 * day],
    ["30d", now + 30 * day],
    ["365d", now + 365 * day],
    ["1y", now + 365 * day],
    ["never", undefined],
    ["2027-01-01T00:00:00Z", Date.UTC(2027, 0, 1)],
    ["2027-01-01T00:00:00.999Z", Date.UTC(2027, 0, 1)],
    ["2027-01-01T01:30:00+01:30", Date.UTC(2027, 0, 1)],
    ["9999-12-31T23:59:59Z", Date.UTC(9999, 11, 31, 23, 59, 59)],
    // Over the end of summer time in New York: instants know no wall clock.
    ["2026-12-01T00:00:00-05:00", Date.UTC(2026, 11, 1, 5)],
  ])("%s", (expiration, expected) => {
    expect(expiryOf(expiration, now, settings)).toBe(expected)
  })

  test.each(["6d", "366d", "0d", "07d", "7.5d", "7 d", "7days", "2y", "Never", "", "soon", "2027-02-30T00:00:00Z"])(
    "refuses %j",
    (expiration) => expect(refusal(expiration)).toBe(shapeless),
  )
  test.each([
    "2027-01-01",
    "2027-01-01T00:00:00",
    "2027-13-01T00:00:00Z",
    "2027-01-01T25:00:00Z",
    "9999-12-31T23:59:59-01:00",
    "12027-01-01T00:00:00Z",
    "on 2027-01-01T00:00:00Z",
    "2027-01-01T00:00:00Z (UTC)",
  ])("refuses %j, which is no RFC 3339 instant", (expiration) => expect(refusal(expiration)).toBe(shapeless))

  test("F3 an instant is at least one hour ahead: a millisecond before, at, and after that hour", () => {
    expect(refusal(iso(3_600_000 - 1))).toBe(tooSoon)
    expect(refusal(iso(3_600_000))).toBeUndefined()
    expect(refusal(iso(3_600_000 + 1))).toBeUndefined()
  })

  test("and within the policy: at its most days, and a second later", () => {
    const policy = { allowNever: true, maxExpiryDays: 30 }
    expect(refusal("30d", policy)).toBeUndefined()
    expect(refusal("31d", policy)).toBe("/expiration must be at most 30 days ahead on this stage")
    expect(refusal(iso(30 * day), policy)).toBeUndefined()
    expect(refusal(iso(30 * day + 1000), policy)).toBe("/expiration must be at most 30 days ahead on this stage")
    const noNever = "/expiration must not be never on this stage"
    expect(refusal("never", policy)).toBe(noNever)
    expect(refusal("never", { allowNever: false, maxExpiryDays: undefined })).toBe(noNever)
    expect(refusal("1y", { allowNever: false, maxExpiryDays: undefined })).toBeUndefined()
  })
})

test("instantOrNull is null for what has no end", () => {
  expect([instantOrNull(now), instantOrNull(0), instantOrNull(undefined)]).toEqual([
    "2026-11-23T12:00:00Z",
    "1970-01-01T00:00:00Z",
    null,
  ])
})

test("instantOf prints whole seconds, rounded down", () => {
  expect([instantOf(now), instantOf(now + 999), instantOf(now + 1000)]).toEqual([
    "2026-11-23T12:00:00Z",
    "2026-11-23T12:00:00Z",
    "2026-11-23T12:00:01Z",
  ])
})

// A process keeps its time zone until it is told another one.
describe.each(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])(
  "F3 where the clocks are those of %s",
  (zone) => {
    const before = process.env.TZ
    beforeAll(() => {
      process.env.TZ = zone
    })
    afterAll(() => {
      if (before === undefined) delete process.env.TZ
      else process.env.TZ = before
    })

    test.each(["2027-03-13T12:00:00Z", "2027-03-27T12:00:00Z", "2027-10-30T12:00:00Z", "2027-11-06T12:00:00Z"])(
      "seven days from %s have 168 hours, whatever the clocks do in them",
      (from) => {
        const now = Date.parse(from)
        expect(expiryOf("7d", now, { allowNever: true, maxExpiryDays: undefined })).toBe(now + 168 * 3_600_000)
        expect(instantOf(now)).toBe(from)
      },
    )
  },
)

describe("flags", () => {
  const flags = (token: Partial<TokenItem>, account = anAccount()) =>
    flagsOf({ state: "ACTIVE", epoch: 0, createdAt: now, ...token } as TokenItem, account, now, settings)

  test("unused from 90 days after the last use, or after the creation of a token never used", () => {
    const expiresAt = now + 100 * day
    for (const [age, expected] of [
      [90 * day - 1, []],
      [90 * day, ["unused"]],
      [90 * day + 1, ["unused"]],
    ] as const) {
      expect(flags({ expiresAt, createdAt: now - 200 * day, lastUsed: now - age })).toEqual(expected)
      expect(flags({ expiresAt, createdAt: now - age })).toEqual(expected)
    }
  })

  test("expiring from 30 days before the expiry until it", () => {
    for (const [left, expected] of [
      [30 * day + 1, []],
      [30 * day, ["expiring"]],
      [1, ["expiring"]],
      [0, []],
      [-1, []],
    ] as const)
      for (const state of ["ACTIVE", "INACTIVE"] as const)
        expect(flags({ expiresAt: now + left }, anAccount({ state }))).toEqual(expected)
  })

  test("none on a token that is revoked, or expired, or of an older epoch", () => {
    const createdAt = now - 100 * day
    expect(flags({ createdAt })).toEqual(["unused", "never-expires"])
    expect(flags({ createdAt, state: "REVOKED" })).toEqual([])
    expect(flags({ createdAt, expiresAt: now })).toEqual([])
    expect(flags({ createdAt, epoch: -1 })).toEqual([])
  })

  test("never-expires without an expiry", () => expect(flags({})).toEqual(["never-expires"]))
})
