import type { Caller } from "../contract/caller.ts"
import type { Query } from "../contract/endpoints.ts"
import type { Scope } from "../contract/permissions.ts"
import { Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { encodeId } from "../token/format.ts"
import { statusOf } from "../token/verdict.ts"
import { type OwnedToken, readAccount, readAccountByUserId, withAccounts } from "./accounts.ts"
import { indexSource, type PageRequest, readPage, rowId, type Source } from "./pages.ts"
import { dayMilliseconds, readSettings, type Settings } from "./settings.ts"
import { type Flag, flagsOf, handleOfToken, showToken } from "./shown-token.ts"
import {
  accountKey,
  expiryBound,
  expiryPartitions,
  flaggedPartitions,
  type IndexName,
  idleBound,
  idlePartitions,
  neverExpires,
  personalTokenList,
  serviceTokenList,
  type TokenItem,
  type TokenNameItem,
  tokenKey,
  tokenNamePrefix,
} from "./table.ts"

/** A page of personal tokens: the caller's own or, with scope "all", those of the human that `user_id` names. */
export async function listPersonalTokens(
  runtime: Runtime,
  caller: Caller,
  scope: Scope,
  request: PageRequest,
  query: Query<"user-tokens/list">,
) {
  const userId = query.user_id ?? caller.userId
  if (scope === "own" && userId !== caller.userId) throw new Problem("not-found")
  const account =
    userId === caller.userId ? await readAccount(runtime, caller.accountId) : await readAccountByUserId(runtime, userId)
  return listTokens(
    runtime,
    request,
    () => [indexSource(runtime, "list", personalTokenList(account.id))],
    () => true,
  )
}

/**
 * A page of service tokens, newest first; those of one account when `user_id` names it. With a flag alone they come from the indexes
 * that know it, shard by shard: a few of many would stand pages apart otherwise.
 */
export async function listServiceTokens(
  runtime: Runtime,
  request: PageRequest,
  query: Query<"user-tokens/list-service">,
) {
  const accountId = query.user_id === undefined ? undefined : (await readAccountByUserId(runtime, query.user_id)).id
  const sources = (now: number, settings: Settings): Source[] => {
    if (accountId !== undefined) return [guardSource(runtime, accountId)]
    if (query.flag !== undefined) return flagSources(runtime, query.flag, now, settings)
    return [indexSource(runtime, "list", serviceTokenList)]
  }
  const part = query.q?.toLowerCase()
  return listTokens(runtime, request, sources, ({ token, account }, now, settings) => {
    const recognized = [token.name, handleOfToken(token), account.userId]
    return (
      token.type === "Service" &&
      (query.status === undefined || statusOf(token, account, now) === query.status) &&
      (query.flag === undefined || flagsOf(token, account, now, settings).includes(query.flag)) &&
      (part === undefined || recognized.some((text) => text.toLowerCase().includes(part)))
    )
  })
}

async function listTokens(
  runtime: Runtime,
  request: PageRequest,
  sources: (now: number, settings: Settings) => Source[],
  keep: (row: OwnedToken, now: number, settings: Settings) => boolean,
) {
  const now = runtime.now()
  const settings = await readSettings(runtime)
  const { rows, nextCursor } = await readPage(runtime, request, sources(now, settings), async (keys) => {
    const owned = await withAccounts(runtime, await runtime.table.batchGet<TokenItem>(keys))
    return new Map(owned.filter((one) => keep(one, now, settings)).map((one) => [rowId(one.token), one]))
  })
  return { items: rows.map(({ token, account }) => showToken(token, account, now, settings)), next_cursor: nextCursor }
}

/** Where the tokens stand that may have a flag; whether they have it, their rows say. */
function flagSources(runtime: Runtime, flag: Flag, now: number, settings: Settings): Source[] {
  const within = (index: IndexName, partition: string, below?: string, above = ""): Source => {
    const all = indexSource(runtime, index, partition)
    return async (after, limit) => (await all(after ?? below, limit)).filter(({ at }) => at > above)
  }
  if (flag === "never-expires") return expiryPartitions().map((one) => within("expiry", one, undefined, neverExpires))
  if (flag === "expiring") {
    const last = expiryBound(now + settings.expiringDays * dayMilliseconds)
    return expiryPartitions().map((one) => within("expiry", one, last, expiryBound(now)))
  }
  // The sweep, which moves a token to the flagged ones, comes once a day.
  const unswept = idleBound(now - settings.unusedDays * dayMilliseconds)
  return [
    ...flaggedPartitions().map((one) => within("idle", one)),
    ...idlePartitions().map((one) => within("idle", one, unswept)),
  ]
}

/** The tokens of one account by its name guards: strongly consistent, and no more than its quota. */
const guardSource =
  (runtime: Runtime, accountId: number): Source =>
  async (after, limit) => {
    const guards = await runtime.table.query<TokenNameItem>(accountKey(accountId).PK, tokenNamePrefix)
    return guards
      .map(({ tokenId }) => ({ ...tokenKey(tokenId), at: encodeId(tokenId) }))
      .filter(({ at }) => after === undefined || at < after)
      .sort((a, b) => (a.at < b.at ? 1 : -1))
      .slice(0, limit)
  }
