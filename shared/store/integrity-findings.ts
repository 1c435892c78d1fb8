import type { Runtime } from "../runtime.ts"
import { emailKeyOf, subjectKeyOf, tokenGuardsOf } from "./accounts.ts"
import { inGroups } from "./groups.ts"
import { rowId } from "./pages.ts"
import { handleOfToken } from "./shown-token.ts"
import {
  type AccountItem,
  accountKey,
  type IdentityItem,
  type Key,
  type TokenItem,
  type TokenNameItem,
  tokenKey,
  tokenNameKey,
  userIdKey,
} from "./table.ts"

/**
 * Which rows belong together, and how they contradict each other, as one look sees it. Between its reads rows change: what counts
 * is decided in integrity.ts.
 */
export const kinds = [
  "orphaned-token",
  "token-without-guard",
  "guard-without-token",
  "token-count",
  "account-without-user-id-guard",
  "account-without-email-guard",
  "account-without-binding-guard",
  "administrator-count",
] as const
type Kind = (typeof kinds)[number]

/** What is logged. PK and SK are the row's at which it was found: a token's, an account's, or the count of administrators. */
export interface Finding extends Key {
  kind: Kind
  accountId?: number
  tokenId?: number
  handle?: string
  /** The sort key of a name guard, in the account's partition. */
  guard?: string
  /** What the row counts, and how many there are. */
  counted?: number
  found?: number
}

export interface Look {
  seen: number
  findings: Finding[]
}

async function rowsOf(runtime: Runtime, keys: readonly Key[]): Promise<Map<string, unknown>> {
  const rows = await runtime.table.batchGet<Key>(keys)
  return new Map(rows.map((row) => [rowId(row), row]))
}

export async function lookAtTokens(runtime: Runtime, keys: readonly Key[]): Promise<Look> {
  const tokens = await runtime.table.batchGet<TokenItem>(keys)
  const nameOf = ({ accountId, name }: TokenItem) => tokenNameKey(accountId, name)
  const wanted = tokens.flatMap((token) => [accountKey(token.accountId), nameOf(token)])
  const rows = await rowsOf(runtime, wanted)
  const findings = tokens.flatMap((token): Finding[] => {
    const { PK, SK, accountId, id: tokenId } = token
    const about = { PK, SK, accountId, tokenId, handle: handleOfToken(token) }
    if (!rows.has(rowId(accountKey(accountId)))) return [{ kind: "orphaned-token", ...about }]
    const guard = rows.get(rowId(nameOf(token))) as TokenNameItem | undefined
    return guard?.tokenId === tokenId ? [] : [{ kind: "token-without-guard", ...about }]
  })
  return { seen: tokens.length, findings }
}

export async function lookAtAccounts(runtime: Runtime, keys: readonly Key[]): Promise<Look> {
  const accounts = await runtime.table.batchGet<AccountItem>(keys)
  const findings = await inGroups(accounts, (account) => lookAtAccount(runtime, account))
  return { seen: accounts.length, findings: findings.flat() }
}

async function lookAtAccount(runtime: Runtime, account: AccountItem): Promise<Finding[]> {
  const { PK, SK, id, userId, userType, email, tokens, binding } = account
  const guards = await tokenGuardsOf(runtime, id)
  const identities = [
    userIdKey(userId),
    ...(email === undefined ? [] : [emailKeyOf(email)]),
    ...(binding ? [subjectKeyOf(binding)] : []),
  ]
  const rows = await rowsOf(runtime, [...identities, ...guards.map(({ tokenId }) => tokenKey(tokenId))])
  const holds = (key: Key) => (rows.get(rowId(key)) as IdentityItem | undefined)?.accountId === id
  const about = { PK, SK, accountId: id }
  const findings: Finding[] = guards
    .filter(({ tokenId }) => !holds(tokenKey(tokenId)))
    .map((guard) => ({ kind: "guard-without-token", ...about, tokenId: guard.tokenId, guard: guard.SK }))
  if (tokens !== guards.length) findings.push({ kind: "token-count", ...about, counted: tokens, found: guards.length })
  if (!holds(userIdKey(userId))) findings.push({ kind: "account-without-user-id-guard", ...about })
  // A service account's email is only a contact.
  if (userType === "User" && !(email !== undefined && holds(emailKeyOf(email))))
    findings.push({ kind: "account-without-email-guard", ...about })
  if (binding && !holds(subjectKeyOf(binding))) findings.push({ kind: "account-without-binding-guard", ...about })
  return findings
}
