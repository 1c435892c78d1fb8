import type { Rotation, Token } from "../contract/objects.ts"
import { handleOf } from "../token/format.ts"
import { statusOf } from "../token/verdict.ts"
import { instantOf, instantOrNull } from "./instants.ts"
import { dayMilliseconds, type Settings } from "./settings.ts"
import type { AccountItem, TokenItem } from "./table.ts"

export type Flag = Token["flags"][number]

/** A token as the API shows it: never its digests. Status and flags are computed, by the authorizer's own rules. */
export function showToken(token: TokenItem, account: AccountItem, now: number, settings: Settings): Token {
  const status = statusOf(token, account, now)
  return {
    id: token.id,
    name: token.name,
    type: token.type === "Service" ? "Service" : "Personal",
    active: status !== "revoked",
    status,
    expiration: instantOrNull(token.expiresAt),
    last_used: instantOrNull(token.lastUsed),
    handle: handleOfToken(token),
    allowed_cidrs: token.allowedCidrs ?? [],
    created_at: instantOf(token.createdAt),
    created_by_id: token.createdById,
    flags: flagsOf(token, account, now, settings),
    rotation: rotationOf(token, now),
    user: { id: account.id, user_id: account.userId, name: account.name, user_type: account.userType },
  }
}

/**
 * A rotation that is under way: its new secret waits for its first use, or both are good until the old one's end. Undone by time
 * alone, it is none any more.
 */
export function rotationOf(token: TokenItem, now: number): Rotation | null {
  const { pending, pendingExpiresAt = 0, pendingSince = 0, previous, supersededAt = 0, promotedAt = 0 } = token
  if (pending && pendingExpiresAt > now)
    return {
      state: "pending",
      since: instantOf(pendingSince),
      until: instantOf(pendingExpiresAt),
      new_expiration: instantOrNull(token.nextExpiresAt),
      old_last_used: instantOrNull(token.lastUsed),
      old_network: latestNetwork(token.networks) ?? null,
    }
  if (previous && supersededAt > now)
    return {
      state: "overlapping",
      since: instantOf(promotedAt),
      until: instantOf(supersededAt),
      new_expiration: instantOrNull(token.expiresAt),
      old_last_used: instantOrNull(token.previousLastUsed),
      old_network: token.previousNetwork ?? null,
    }
  return null
}

/** From which a token was used last. */
export const latestNetwork = (networks: Record<string, number>): string | undefined =>
  Object.entries(networks).reduce<[string, number] | undefined>(
    (latest, one) => (latest && latest[1] >= one[1] ? latest : one),
    undefined,
  )?.[0]

export const handleOfToken = (token: Pick<TokenItem, "type" | "accountId" | "id">): string =>
  handleOf(token.type, token.accountId, token.id)

/**
 * `unused` counts from the last use, or from creation; `expiring` from so many days before the expiry until it. Flags ask somebody to
 * act: a token that is revoked or expired has none.
 */
export function flagsOf(token: TokenItem, account: AccountItem, now: number, settings: Settings): Flag[] {
  const status = statusOf(token, account, now)
  if (status === "revoked" || status === "expired") return []
  const idle = now - (token.lastUsed ?? token.createdAt)
  const left = token.expiresAt === undefined ? undefined : token.expiresAt - now
  return [
    ...(idle >= settings.unusedDays * dayMilliseconds ? (["unused"] as const) : []),
    ...(left === undefined ? (["never-expires"] as const) : []),
    // Of an inactive account a token may be expired, too.
    ...(left !== undefined && left > 0 && left <= settings.expiringDays * dayMilliseconds
      ? (["expiring"] as const)
      : []),
  ]
}
