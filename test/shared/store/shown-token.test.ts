import { describe, expect, test } from "vitest"
import { settings } from "../../../shared/store/settings.ts"
import { flagsOf, latestNetwork, rotationOf, showToken } from "../../../shared/store/shown-token.ts"
import type { AccountItem, TokenItem } from "../../../shared/store/table.ts"
import { anAccount, aVerifiableToken } from "../../builders.ts"

/** A token as the API shows it, from its row: to the millisecond. */
const now = Date.parse("2026-11-23T12:00:00Z")
const day = 86_400_000
const aToken = (over: Partial<TokenItem> = {}) =>
  ({ ...aVerifiableToken(), name: "n", createdAt: now - day, createdById: 7, ...over }) as TokenItem
const secret = aToken().current
const at = (instant: number) => new Date(instant).toISOString().replace(".000Z", "Z")

test("everything but its digests is shown, and what it hasn't is null", () => {
  const account = anAccount({ userId: "u@service", name: "U" })
  const shown = showToken(aToken(), account, now, settings)
  expect(shown).toEqual({
    ...{ id: 3812345678905678, name: "n", type: "Service", active: true, status: "active" },
    ...{ expiration: null, last_used: null, allowed_cidrs: [], rotation: null, flags: ["never-expires"] },
    ...{ handle: "symsvc_HSYTyqcksHSYTyqduY", created_at: at(now - day), created_by_id: 7 },
    user: { id: account.id, user_id: "u@service", name: "U", user_type: "Service" },
  })
  const full = aToken({
    type: "Personal",
    expiresAt: now + 60 * day,
    lastUsed: now - 1000,
    allowedCidrs: ["10.0.0.0/8"],
  })
  expect(showToken(full, account, now, settings)).toMatchObject({
    ...{ type: "Personal", expiration: at(now + 60 * day), last_used: at(now - 1000), allowed_cidrs: ["10.0.0.0/8"] },
    flags: [],
  })
  expect(showToken(aToken({ state: "REVOKED" }), account, now, settings)).toMatchObject({
    ...{ active: false, status: "revoked", flags: [] },
  })
  expect(showToken(aToken({ expiresAt: now }), account, now, settings)).toMatchObject({
    ...{ active: true, status: "expired", flags: [] },
  })
})

describe("flags", () => {
  const flags = (over: Partial<TokenItem>, account: Partial<AccountItem> = {}) =>
    flagsOf(aToken({ expiresAt: now + 300 * day, ...over }), anAccount(account), now, settings)

  test("unused is from ninety days on: since the last use, or else since the creation", () => {
    expect(flags({ lastUsed: now - 90 * day + 1, createdAt: now - 200 * day })).toEqual([])
    expect(flags({ lastUsed: now - 90 * day, createdAt: now - 200 * day })).toEqual(["unused"])
    expect(flags({ createdAt: now - 90 * day + 1 })).toEqual([])
    expect(flags({ createdAt: now - 90 * day })).toEqual(["unused"])
  })

  test("expiring is from thirty days before the end until it", () => {
    expect(flags({ expiresAt: now + 30 * day + 1 })).toEqual([])
    expect(flags({ expiresAt: now + 30 * day })).toEqual(["expiring"])
    expect(flags({ expiresAt: now + 1 })).toEqual(["expiring"])
    expect(flags({ expiresAt: now })).toEqual([])
  })

  test("are kept by an inactive account's tokens, but that one that has ended isn't expiring", () => {
    const inactive = { state: "INACTIVE" as const }
    expect(flags({ expiresAt: now + 1 }, inactive)).toEqual(["expiring"])
    expect(flags({ expiresAt: now }, inactive)).toEqual([])
    expect(flags({ expiresAt: now - 1 }, inactive)).toEqual([])
    expect(flags({ expiresAt: undefined as never, createdAt: now - 90 * day }, inactive)).toEqual([
      "unused",
      "never-expires",
    ])
  })

  test("a revoked token has none", () => {
    expect(flags({ state: "REVOKED", createdAt: now - 90 * day, expiresAt: now + 1 })).toEqual([])
  })
})

describe("a rotation", () => {
  const networks = { "10.0.0.0/24": now - 5000, "10.1.0.0/24": now - 2000 }
  const waiting = { pending: secret, pendingSince: now - 1000, networks }

  test("waits until its new secret ends", () => {
    const row = aToken({ ...waiting, pendingExpiresAt: now + 1, nextExpiresAt: now + day, lastUsed: now - 2000 })
    expect(rotationOf(row, now)).toEqual({
      ...{ state: "pending", since: at(now - 1000), until: new Date(now + 1).toISOString().replace(/\.\d+Z/, "Z") },
      ...{ new_expiration: at(now + day), old_last_used: at(now - 2000), old_network: "10.1.0.0/24" },
    })
    expect(rotationOf(aToken({ ...waiting, pendingExpiresAt: now }), now)).toBeNull()
    expect(rotationOf(aToken({ ...waiting, networks: {}, pendingExpiresAt: now + day }), now)).toMatchObject({
      ...{ new_expiration: null, old_last_used: null, old_network: null },
    })
  })

  test("overlaps until the old secret ends", () => {
    const over = { previous: secret, promotedAt: now - 3000, networks }
    const row = aToken({
      ...over,
      supersededAt: now + day,
      previousLastUsed: now - 4000,
      previousNetwork: "10.2.0.0/24",
    })
    expect(rotationOf(row, now)).toEqual({
      ...{ state: "overlapping", since: at(now - 3000), until: at(now + day), new_expiration: null },
      ...{ old_last_used: at(now - 4000), old_network: "10.2.0.0/24" },
    })
    expect(rotationOf(aToken({ ...over, supersededAt: now + 1, expiresAt: now + day }), now)).toMatchObject({
      ...{ new_expiration: at(now + day), old_last_used: null, old_network: null },
    })
    expect(rotationOf(aToken({ ...over, supersededAt: now }), now)).toBeNull()
  })

  test("is none of a token that has no second secret, whatever else its row has", () => {
    expect(rotationOf(aToken({ pendingExpiresAt: now + day, supersededAt: now + day }), now)).toBeNull()
    expect(rotationOf(aToken(), now)).toBeNull()
  })
})

test("the latest network is the one of the last use; of two at once the first, and of none none", () => {
  expect(latestNetwork({ a: 1, b: 3, c: 2 })).toBe("b")
  expect(latestNetwork({ a: 3, b: 3 })).toBe("a")
  expect(latestNetwork({})).toBeUndefined()
})
