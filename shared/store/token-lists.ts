import type { Caller } from "../contract/caller.ts"
import type { Query } from "../contract/endpoints.ts"
import type { Scope } from "../contract/permissions.ts"
import { Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { encodeId } from "../token/format.ts"
import { statusOf } from "../token/verdict.ts"
import { readAccount, readAccountByUserId } from "./accounts.ts"
import { indexSource, type PageRequest, readPage, rowId, type Source } from "./pages.ts"
import { readSettings, type Settings } from "./settings.ts"
import { flagsOf, handleOfToken, showToken } from "./shown-token.ts"
import {
  type AccountItem,
  accountKey,
  personalTokenList,
  serviceTokenList,
  type TokenItem,
  type TokenNameItem,
  tokenKey,
  tokenNamePrefix,
} from "./table.ts"

interface Row {
  token: TokenItem
  account: AccountItem
}

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
  return listTokens(runtime, request, indexSource(runtime, "list", personalTokenList(account.id)), () => true)
}

/** A page of service tokens, newest first; those of one account when `user_id` names it. */
export async function listServiceTokens(
  runtime: Runtime,
  request: PageRequest,
  query: Query<"user-tokens/list-service">,
) {
  const source =
    query.user_id === undefined
      ? indexSource(runtime, "list", serviceTokenList)
      : guardSource(runtime, (await readAccountByUserId(runtime, query.user_id)).id)
  const part = query.q?.toLowerCase()
  return listTokens(runtime, request, source, ({ token, account }, now, settings) => {
    const recognized = [token.name, handleOfToken(token), account.userId]
    return (
      token.type === "Service" &&
      (query.status === undefined || statusOf(token, account, now) === query.status) &&
      (query.flag === undefined || flagsOf(token, now, settings).includes(query.flag)) &&
      (part === undefined || recognized.some((text) => text.toLowerCase().includes(part)))
    )
  })
}

async function listTokens(
  runtime: Runtime,
  request: PageRequest,
  source: Source,
  keep: (row: Row, now: number, settings: Settings) => boolean,
) {
  const now = runtime.now()
  const settings = await readSettings(runtime)
  const { rows, nextCursor } = await readPage(runtime, request, [source], async (keys) => {
    const tokens = await runtime.table.batchGet<TokenItem>(keys)
    const owners = await runtime.table.batchGet<AccountItem>(tokens.map((token) => accountKey(token.accountId)))
    const accounts = new Map(owners.map((account) => [account.id, account]))
    const found = tokens.flatMap((token) => {
      const account = accounts.get(token.accountId)
      return account && keep({ token, account }, now, settings) ? [[rowId(token), { token, account }] as const] : []
    })
    return new Map(found)
  })
  return { items: rows.map(({ token, account }) => showToken(token, account, now, settings)), next_cursor: nextCursor }
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
