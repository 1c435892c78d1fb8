import type { Caller } from "../shared/contract/caller.ts"
import type { Actor } from "../shared/store/audit.ts"
import { type AccountItem, accountKey, accountListing } from "../shared/store/table.ts"
import type { VerifiableAccount, VerifiableToken } from "../shared/token/verdict.ts"

/** An administrator who calls the store. */
export const anAdmin = (over: Partial<Caller & Actor> = {}): Caller & Actor => ({
  accountId: 1,
  userId: "admin@example.com",
  userType: "User",
  role: "Admin",
  teams: [],
  tokenId: 2,
  handle: "symusr_000000001000000002",
  clientAddress: "203.0.113.7",
  userAgent: "test",
  requestId: "request",
  ...over,
})

export const anAccount = (over: Partial<AccountItem> = {}): AccountItem => {
  const id = over.id ?? 3812345678901234
  const userType = over.userType ?? "Service"
  return {
    ...accountKey(id),
    ...accountListing(id, userType),
    id,
    userId: "api_access@service",
    userType,
    name: "API Access",
    role: "Editor",
    teams: [],
    state: "ACTIVE",
    epoch: 0,
    tokens: 0,
    version: 1,
    createdAt: Date.parse("2026-01-01T00:00:00Z"),
    createdById: 1,
    ...over,
  }
}

export const aVerifiableAccount = (over: Partial<VerifiableAccount> = {}): VerifiableAccount => anAccount(over as never)

export const aVerifiableToken = (over: Partial<VerifiableToken> = {}): VerifiableToken => ({
  id: 3812345678905678,
  accountId: 3812345678901234,
  type: "Service",
  state: "ACTIVE",
  epoch: 0,
  current: { digest: new Uint8Array(32).fill(1), keyPath: "k1", generation: 1 },
  networks: {},
  ...over,
})
