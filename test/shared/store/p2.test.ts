import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { settings } from "../../../shared/store/settings.ts"
import { showToken } from "../../../shared/store/shown-token.ts"
import type { AccountItem, TokenItem } from "../../../shared/store/table.ts"
import { verdict } from "../../../shared/token/verdict.ts"
import { anAccount, aVerifiableToken } from "../../builders.ts"
import { runs } from "../../rounds.ts"

describe("P2 what a list shows of a token is what the authorizer decides of it", () => {
  const now = Date.parse("2026-11-23T12:00:00Z")
  const near = fc.constantFrom(undefined, now - 1, now, now + 1, now + 86_400_000)
  const cases = fc.record({
    state: fc.constantFrom("ACTIVE", "REVOKED", "UNKNOWN"),
    epoch: fc.integer({ min: 0, max: 2 }),
    expiresAt: near,
    accountState: fc.constantFrom("ACTIVE", "INACTIVE", "DELETING", "UNKNOWN"),
    accountEpoch: fc.integer({ min: 0, max: 2 }),
  })
  const codes = {
    active: undefined,
    revoked: "token-revoked",
    "account-inactive": "account-inactive",
    expired: "token-expired",
  }

  test("in every state of the token and its account", () => {
    fc.assert(
      fc.property(cases, ({ state, epoch, expiresAt, accountState, accountEpoch }) => {
        const digest = new Uint8Array(32).fill(1)
        const account = anAccount({ state: accountState as AccountItem["state"], epoch: accountEpoch })
        const token = {
          ...aVerifiableToken({ state, epoch, ...(expiresAt !== undefined && { expiresAt }) }),
          createdAt: now,
        } as unknown as TokenItem
        const presented = {
          accountId: token.accountId,
          tokenId: token.id,
          digestUnder: () => digest,
          mintingKey: "k1",
          clientAddress: "203.0.113.7",
        }
        const decided = verdict(presented, token, account, now)
        const shown = showToken(token, account, now, settings)
        expect(codes[shown.status]).toBe(decided.accepted ? undefined : decided.code)
        expect(shown.active).toBe(shown.status !== "revoked")
      }),
      runs(4000, 1_000_000),
    )
  })
})
