import type { Query } from "../contract/endpoints.ts"
import type { Runtime } from "../runtime.ts"
import { statusOf } from "../token/verdict.ts"
import { withAccounts } from "./accounts.ts"
import { type Actor, audit } from "./audit.ts"
import { Conflict, retrying } from "./dynamodb.ts"
import { type ExpiryPolicy, instantOf, instantOrNull, wholeSecond } from "./instants.ts"
import { indexSource, type PageRequest, pagesOf, readPage, rowId, type Source } from "./pages.ts"
import { dayMilliseconds, readSettings } from "./settings.ts"
import { handleOfToken, showToken } from "./shown-token.ts"
import { update, where } from "./steps.ts"
import {
  type AccountItem,
  accountKey,
  expiryBound,
  expiryListing,
  expiryPartitions,
  type Key,
  type TokenItem,
  tokenKey,
} from "./table.ts"
import { inTurn } from "./turns.ts"

/** What a policy does to tokens that exist: it lets them expire earlier. Nothing here lengthens one. */
interface Shortening {
  set: Pick<TokenItem, "expiresAt" | "expiryPK" | "expirySK">
  before: { expiration: string | null }
  after: { expiration: string }
}

/** No token is ended by a policy sooner than this: who uses it has a day to notice. */
const leastLeft = dayMilliseconds

/**
 * How a policy shortens a token: to its most days from the token's creation, or from the rotation that has given it its present
 * secret; or to a day from now when that is later. Undefined when the token keeps within it. Forbidding `never` alone shortens none.
 */
export function shortened(token: TokenItem, policy: ExpiryPolicy, now: number): Shortening | undefined {
  if (policy.maxExpiryDays === undefined) return undefined
  const expiresAt = wholeSecond(Math.max(issuedAtOf(token) + policy.maxExpiryDays * dayMilliseconds, now + leastLeft))
  if (token.expiresAt !== undefined && token.expiresAt <= expiresAt) return undefined
  return {
    set: { expiresAt, ...expiryListing(token.id, expiresAt) },
    before: { expiration: instantOrNull(token.expiresAt) },
    after: { expiration: instantOf(expiresAt) },
  }
}

/** When the life of a token's current secret began. */
export const issuedAtOf = ({ issuedAt, createdAt }: TokenItem): number => issuedAt ?? createdAt

const keysAtOnce = 100

/**
 * Shortens every token that lives longer than the policy lets it, and answers how many these were. What it has shortened needs no
 * more, so a run that was stopped is resumed by any other, at the shard that it had come to. A token that is made while the policy
 * changes may slip through one run; the next one has it.
 */
export async function applyExpiryPolicy(runtime: Runtime, actor: Actor): Promise<number> {
  let done = 0
  if ((await readSettings(runtime)).maxExpiryDays === undefined) return done
  for await (const source of inTurn(runtime, "apply-expiry-policy", shards(runtime)))
    for await (const keys of pagesOf(source)) {
      // Again for each page: whoever loosens the policy saves what isn't shortened yet.
      const policy = await readSettings(runtime)
      const found = await findShortened(runtime, keys, policy)
      const outcomes = await Promise.all(found.map(({ token }) => shorten(runtime, actor, token.id, policy)))
      done += outcomes.filter(Boolean).length
    }
  return done
}

/** How many tokens a policy will shorten, among the hundred that expire last in each of the sixteen shards. */
export async function countShortened(runtime: Runtime, policy: ExpiryPolicy): Promise<number> {
  const counts = await Promise.all(
    shards(runtime).map(async (source) => {
      const keys = await source(undefined, keysAtOnce)
      return (await findShortened(runtime, keys, policy)).length
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

/** A page of the tokens that a policy would shorten: shard by shard, the last to expire first. */
export async function listShortened(runtime: Runtime, request: PageRequest, query: Query<"settings/impact">) {
  const now = runtime.now()
  const settings = await readSettings(runtime)
  const policy = { ...settings, maxExpiryDays: query.max_expiry_days }
  const { rows, nextCursor } = await readPage(runtime, request, shards(runtime), async (keys) => {
    const found = await findShortened(runtime, keys, policy)
    return new Map(found.map((one) => [rowId(one.token), one]))
  })
  return {
    items: rows.map(({ token, account, change }) => ({
      ...showToken(token, account, now, settings),
      new_expiration: change.after.expiration,
    })),
    next_cursor: nextCursor,
  }
}

/** The tokens that a policy could shorten, as the index knows them: none that has no more than a day to live. */
function shards(runtime: Runtime): Source[] {
  const soon = expiryBound(runtime.now() + leastLeft)
  return expiryPartitions().map((partition) => {
    const all = indexSource(runtime, "expiry", partition)
    return async (after, limit) => (await all(after, limit)).filter(({ at }) => at > soon)
  })
}

interface Found {
  token: TokenItem
  account: AccountItem
  change: Shortening
}

/** The index is eventual, the rows are read strongly. A revoked token is left alone: its restore obeys the policy. */
async function findShortened(runtime: Runtime, keys: readonly Key[], policy: ExpiryPolicy): Promise<Found[]> {
  const now = runtime.now()
  const tokens = await runtime.table.batchGet<TokenItem>(keys)
  const long = tokens.filter((token) => shortened(token, policy, now))
  const owned = await withAccounts(runtime, long)
  return owned.flatMap(({ token, account }) => found(token, account, policy, now) ?? [])
}

function found(token: TokenItem, account: AccountItem | undefined, policy: ExpiryPolicy, now: number) {
  const change = shortened(token, policy, now)
  return account && change && statusOf(token, account, now) !== "revoked" ? { token, account, change } : undefined
}

/** Read again, decided again and written on one condition: whatever happened to the token meanwhile counts. */
const shorten = (runtime: Runtime, actor: Actor, id: number, policy: ExpiryPolicy): Promise<boolean> =>
  retrying(async () => {
    const token = await runtime.table.get<TokenItem>(tokenKey(id))
    const account = token && (await runtime.table.get<AccountItem>(accountKey(token.accountId)))
    const long = token && found(token, account, policy, runtime.now())
    if (!long) return false
    await runtime.table.transact([
      update(
        tokenKey(id),
        { set: long.change.set, add: { version: 1 } },
        where("#state = :state AND #version = :version", { state: token.state, version: token.version }),
        () => new Conflict("changed meanwhile"),
      ),
      audit(runtime, actor, {
        action: "token.updated",
        account: long.account,
        handle: handleOfToken(token),
        reason: "the policy lets no token live so long",
        before: long.change.before,
        after: long.change.after,
      }),
    ])
    return true
  })
