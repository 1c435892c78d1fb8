import { timingSafeEqual } from "node:crypto"
import type { MetricName } from "../contract/metrics.ts"
import type { Role } from "../contract/permissions.ts"
import type { Refusal } from "../contract/refusals.ts"
import type { TokenType } from "./format.ts"
import { isOutdated } from "./keyring.ts"
import { isAllowedFrom } from "./network.ts"

/** One of the up to three digests on a token's row. `keyPath` says under which key it was made; see keyring.ts. */
export interface SecretDigest {
  digest: Uint8Array
  keyPath: string
  /** Counts the secrets that this token has had: a late usage record can't promote an older one. */
  generation: number
}

/** What the verdict reads of a token's row. Instants are epoch milliseconds. */
export interface VerifiableToken {
  id: number
  accountId: number
  type: TokenType
  state: string
  epoch: number
  current: SecretDigest
  pending?: SecretDigest | undefined
  previous?: SecretDigest | undefined
  expiresAt?: number | undefined
  pendingExpiresAt?: number | undefined
  supersededAt?: number | undefined
  allowedCidrs?: string[] | undefined
  lastUsed?: number | undefined
  flaggedAt?: number | undefined
  networks?: Record<string, number> | undefined
}

/** What the verdict reads of an account's row. `teams` are keys; `Public` is implied. */
export interface VerifiableAccount {
  id: number
  userId: string
  userType: "Service" | "User"
  role: Role
  teams: string[]
  state: string
  epoch: number
}

/** The states that there are. Any other one counts as the narrower, and is reported. */
const tokenStates = ["ACTIVE", "REVOKED"] as const
const accountStates = ["ACTIVE", "INACTIVE", "DELETING"] as const
export type TokenState = (typeof tokenStates)[number]
export type AccountState = (typeof accountStates)[number]

export type Status = "active" | "revoked" | "account-inactive" | "expired"
export type Match = "current" | "pending" | "previous"

export interface Presented {
  accountId: number
  tokenId: number
  /** The digest of the presented string under a key path. Throws UnknownKey, which must become a 503. */
  digestUnder: (keyPath: string) => Uint8Array
  /** The key that mints now. An unknown token is digested under it, so that it takes as long as a known one. */
  mintingKey: string
  clientAddress: string
}

/**
 * What a refusal tells us, and never the caller, in the words of contract/metrics.ts: the token exists and the secret is none of
 * its; it is proven and has no account; it is proven, and it or its account is in a state that we don't know.
 */
export type Finding = Extract<MetricName, "WrongSecret" | "Orphan" | "UnknownState">

export type Verdict =
  | { accepted: true; matched: Match; token: VerifiableToken; account: VerifiableAccount }
  | { accepted: false; code: Refusal; finding?: Finding }

const absent: Uint8Array = new Uint8Array(32)
const matches: readonly Match[] = ["current", "pending", "previous"]

/**
 * How a token stands at `now`, whoever asks: the authorizer, or a list that shows its status. The order is the contract's.
 * A state that we don't know counts as the narrower one. `expiresAt` is exclusive: a token is dead at that instant.
 */
export function statusOf(
  token: Pick<VerifiableToken, "state" | "epoch" | "expiresAt">,
  account: Pick<VerifiableAccount, "state" | "epoch">,
  now: number,
): Status {
  if (token.state !== "ACTIVE" || token.epoch < account.epoch) return "revoked"
  if (account.state !== "ACTIVE") return "account-inactive"
  if (isOver(token.expiresAt, now)) return "expired"
  return "active"
}

// Stryker disable next-line ConditionalExpression: undefined is not below now either; the types want it said
const isOver = (end: number | undefined, now: number): boolean => end !== undefined && end <= now

/**
 * Accepts or refuses a presented token: the one function that does, for every API that trusts us. Pure.
 *
 * First what proves nothing about the caller, all alike: unknown row, wrong digest, ids that disagree, a network that is
 * not allowed. Then, to who has proven the secret, the reason. All digests are always compared, in constant time, so that time
 * tells nothing either. A finding changes nothing of the answer.
 */
export function verdict(
  presented: Presented,
  token: VerifiableToken | undefined,
  account: VerifiableAccount | undefined,
  now: number,
): Verdict {
  const matched = compareAll(presented, token)
  const invalid = { accepted: false, code: "invalid-token" } as const
  if (!token) return invalid
  if (!matched) return { ...invalid, finding: "WrongSecret" }
  if (token.id !== presented.tokenId || token.accountId !== presented.accountId) return invalid
  // A session outlives the account of a human who was deleted within its hours: no purge knows of it.
  if (!account) return token.type === "Session" ? invalid : { ...invalid, finding: "Orphan" }
  if (account.id !== token.accountId) return invalid
  if (!isAllowedFrom(token.allowedCidrs ?? [], presented.clientAddress)) return invalid

  const status = statusOf(token, account, now)
  if (status !== "active") {
    const code = status === "account-inactive" ? status : (`token-${status}` as const)
    return { accepted: false, code, ...(!areKnown(token, account) && { finding: "UnknownState" }) }
  }
  if (matched === "pending" && isOver(token.pendingExpiresAt, now)) return { accepted: false, code: "token-expired" }
  if (matched === "previous" && (token.supersededAt ?? 0) <= now) return { accepted: false, code: "token-superseded" }
  return { accepted: true, matched, token, account }
}

const areKnown = (token: VerifiableToken, account: VerifiableAccount): boolean =>
  tokenStates.includes(token.state as TokenState) && accountStates.includes(account.state as AccountState)

function compareAll(presented: Presented, token: VerifiableToken | undefined): Match | undefined {
  let matched: Match | undefined
  for (const match of matches) {
    const stored = token?.[match]
    const digest = presented.digestUnder(stored?.keyPath ?? presented.mintingKey)
    const equal = timingSafeEqual(digest, stored?.digest ?? absent)
    if (equal && stored) matched ??= match
  }
  return matched
}

/** How long a use stays unrecorded after the last one, so that a busy token costs one write a minute. */
export const usageResolution = 60_000

/** True when the row just read asks for a usage record; else the log line of the request is record enough. */
export function wantsRecord(
  token: VerifiableToken,
  matched: Match,
  mintingKey: string,
  network: string,
  now: number,
): boolean {
  return (
    now - (token.lastUsed ?? 0) > usageResolution ||
    matched !== "current" ||
    isOutdated(token.current.keyPath, mintingKey) ||
    token.flaggedAt !== undefined ||
    !(network in (token.networks ?? {}))
  )
}
