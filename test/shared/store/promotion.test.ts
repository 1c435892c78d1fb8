import { expect, test } from "vitest"
import { pendingAttributes, promotion } from "../../../shared/store/promotion.ts"
import type { TokenItem } from "../../../shared/store/table.ts"
import { aVerifiableToken } from "../../builders.ts"

/** What the first use of a new secret makes of a row. */
const now = Date.parse("2026-11-23T12:00:00Z")
const day = 86_400_000
const secret = (generation: number, keyPath = "k1") => ({
  digest: new Uint8Array(32).fill(generation),
  keyPath,
  generation,
})
const aToken = (over: Partial<TokenItem> = {}) =>
  ({ ...aVerifiableToken(), version: 5, current: secret(1, "k1.k2"), ...over }) as TokenItem
const waiting = { pending: secret(2), pendingSince: now - day, overlapSeconds: 3600 }

test("there is none where no secret waits", () => {
  expect(promotion(aToken(), now)).toBeUndefined()
})

test("the new one is current with its expiry, the old one good until the end of the overlap, and nothing waits any more", () => {
  const nextExpiresAt = now + 90 * day
  const { changes, condition, happened } =
    promotion(aToken({ ...waiting, expiresAt: now + day, nextExpiresAt }), now) ?? {}
  expect(changes?.set).toMatchObject({
    ...{ current: secret(2), previous: secret(1, "k1.k2"), supersededAt: now + 3_600_000, promotedAt: now },
    ...{ issuedAt: now - day, expiresAt: nextExpiresAt, expiryPK: expect.any(String), expirySK: expect.any(String) },
  })
  expect([changes?.add, changes?.remove]).toEqual([{ version: 1 }, [...pendingAttributes, "reminded"]])
  expect(pendingAttributes).toEqual(["pending", "pendingSince", "pendingExpiresAt", "nextExpiresAt", "overlapSeconds"])
  expect(condition).toEqual({
    expression:
      "#pending.#generation = :promoted AND #state = :active AND #version = :version AND " +
      "#pending.#keyPath = :pendingPath AND #current.#keyPath = :currentPath",
    values: { promoted: 2, active: "ACTIVE", version: 5, pendingPath: "k1", currentPath: "k1.k2" },
  })
  expect(happened).toEqual({
    action: "token.rotated",
    before: { generation: 1, expiration: "2026-11-24T12:00:00Z" },
    after: { generation: 2, expiration: "2027-02-21T12:00:00Z", superseded_at: "2026-11-23T13:00:00Z" },
  })
})

test("the old one is never good past its own expiry, and without an overlap at once no more", () => {
  const until = (over: Partial<TokenItem>) => promotion(aToken({ ...waiting, ...over }), now)?.changes.set?.supersededAt
  expect(until({ expiresAt: now + 3_600_001 })).toBe(now + 3_600_000)
  expect(until({ expiresAt: now + 3_599_999 })).toBe(now + 3_599_999)
  expect(until({ overlapSeconds: 0 })).toBe(now)
  expect(until({ overlapSeconds: undefined as never })).toBe(now)
})

test("a new one without an expiry takes the old one's away", () => {
  const { changes, happened } = promotion(aToken({ ...waiting, expiresAt: now + day }), now) ?? {}
  expect(changes?.remove).toEqual([...pendingAttributes, "reminded", "expiresAt"])
  expect(happened?.after).toMatchObject({ expiration: null })
})
