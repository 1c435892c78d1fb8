import type { Caller } from "../contract/caller.ts"
import type { Impact } from "../contract/objects.ts"
import type { Scope } from "../contract/permissions.ts"
import { Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { statusOf } from "../token/verdict.ts"
import { readAccount, tokensOf } from "./accounts.ts"
import { instantOf, instantOrNull } from "./instants.ts"
import { dayMilliseconds } from "./settings.ts"
import { handleOfToken } from "./shown-token.ts"
import type { AccountItem, TokenItem } from "./table.ts"
import { activeChildren, readToken } from "./tokens.ts"

/**
 * What an act would stop, before it. Read strongly, and judged by the authorizer's own rule: what stands under `stops` is what it would
 * refuse. A human's sessions, which end with their account too, are in no index, so they can't be counted.
 */

const recent = 30 * dayMilliseconds

/** Before the revocation of a token. Throws not-found. */
export async function tokenImpact(runtime: Runtime, caller: Caller, scope: Scope, id: number): Promise<Impact> {
  const { token, account } = await readToken(runtime, caller, scope, id)
  const children = token.type === "Personal" ? await activeChildren(runtime, token, account) : 0
  return { ...impactOf([token], account, runtime.now(), token.lastUsed), children }
}

/**
 * Before the deactivation of an account, or the revocation of all its tokens. Throws not-found, also for what isn't the caller's:
 * to a service account its own tokens aren't, or one that leaked would tell of the others (docs/decisions/0003-what-is-ones-own.md).
 */
export async function accountImpact(runtime: Runtime, caller: Caller, scope: Scope, id: number): Promise<Impact> {
  const own = caller.userType === "User" && id === caller.accountId
  if (scope === "own" && !own) throw new Problem("not-found")
  const account = await readAccount(runtime, id)
  const tokens = await tokensOf(runtime, id)
  // The account's own is hourly, and knows of tokens that are deleted; a token's is exact.
  const uses = [account, ...tokens].flatMap(({ lastUsed }) => lastUsed ?? [])
  return { ...impactOf(tokens, account, runtime.now(), latest(uses)), children: 0 }
}

function impactOf(
  tokens: readonly TokenItem[],
  account: AccountItem,
  now: number,
  lastUsed: number | undefined,
): Omit<Impact, "children"> {
  const since = now - recent
  const active = tokens.filter((token) => statusOf(token, account, now) === "active")
  return {
    last_used: instantOrNull(lastUsed),
    networks: networksOf(tokens)
      .filter(([, at]) => at >= since)
      .map(([network, at]) => ({ network, last_used: instantOf(at) })),
    stops: active.toSorted(byLastUse).map((token) => ({
      id: token.id,
      name: token.name,
      type: token.type === "Service" ? "Service" : "Personal",
      handle: handleOfToken(token),
      last_used: instantOrNull(token.lastUsed),
      network: networksOf([token])[0]?.[0] ?? null,
    })),
  }
}

/** Every network of the tokens with the time of its latest use, the latest first. */
function networksOf(tokens: readonly TokenItem[]): [network: string, at: number][] {
  const uses = Map.groupBy(
    tokens.flatMap(({ networks }) => Object.entries(networks)),
    ([network]) => network,
  )
  return [...uses]
    .map(([network, all]): [string, number] => [network, Math.max(...all.map(([, at]) => at))])
    .sort(([, one], [, other]) => other - one)
}

/** The last used first; never used ones last, the newest of them first. */
const byLastUse = (one: TokenItem, other: TokenItem): number =>
  (other.lastUsed ?? 0) - (one.lastUsed ?? 0) || other.id - one.id

const latest = (instants: readonly number[]): number | undefined =>
  instants.length > 0 ? Math.max(...instants) : undefined
