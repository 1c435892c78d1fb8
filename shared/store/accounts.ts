import { createHash } from "node:crypto"
import { measured } from "../contract/metrics.ts"
import { invalid, Problem } from "../contract/problems.ts"
import { serviceUserIdOf } from "../contract/service-user-id.ts"
import type { Runtime } from "../runtime.ts"
import { newId } from "../token/format.ts"
import type { Actor } from "./audit.ts"
import { Conflict } from "./dynamodb.ts"
import { absent, always, type Condition, put, remove, type Step, update, where } from "./steps.ts"
import {
  type AccountItem,
  accountKey,
  accountListing,
  administratorsKey,
  emailKey,
  type Identity,
  type IdentityItem,
  type Key,
  subjectKey,
  type TokenItem,
  type TokenNameItem,
  tokenKey,
  tokenNamePrefix,
  userIdKey,
} from "./table.ts"

/** Rows of accounts: how they are found, made, and kept unique. What users of the API do with them is in users.ts. */

/** Reads an account strongly. Throws not-found. */
export async function readAccount(runtime: Runtime, id: number): Promise<AccountItem> {
  const account = await runtime.table.get<AccountItem>(accountKey(id))
  if (!account) throw new Problem("not-found")
  return account
}

/** The account that a user_id names. Throws not-found, also for one that was deleted. */
export async function readAccountByUserId(runtime: Runtime, userId: string): Promise<AccountItem> {
  const guard = await runtime.table.get<IdentityItem>(userIdKey(userId))
  if (!guard || guard.tombstone) throw new Problem("not-found")
  return readAccount(runtime, guard.accountId)
}

/** The human whose email this is, if there is one. */
export async function findAccountByEmail(runtime: Runtime, email: string): Promise<AccountItem | undefined> {
  const guard = await runtime.table.get<IdentityItem>(emailKeyOf(email))
  return guard && runtime.table.get<AccountItem>(accountKey(guard.accountId))
}

export interface OwnedToken {
  token: TokenItem
  account: AccountItem
}

/** Tokens with their accounts, strongly; without those that have none, which are check-integrity's to tell of. */
export async function withAccounts(runtime: Runtime, tokens: readonly TokenItem[]): Promise<OwnedToken[]> {
  const owners = await runtime.table.batchGet<AccountItem>(tokens.map((token) => accountKey(token.accountId)))
  const accounts = new Map(owners.map((account) => [account.id, account]))
  return tokens.flatMap((token) => {
    const account = accounts.get(token.accountId)
    return account ? [{ token, account }] : []
  })
}

/** All tokens of an account but its sessions, strongly: its name guards list them. In no order. */
export async function tokensOf(runtime: Runtime, accountId: number): Promise<TokenItem[]> {
  const guards = await tokenGuardsOf(runtime, accountId)
  return runtime.table.batchGet<TokenItem>(guards.map((guard) => tokenKey(guard.tokenId)))
}

export const tokenGuardsOf = (runtime: Runtime, accountId: number): Promise<TokenNameItem[]> =>
  runtime.table.query<TokenNameItem>(accountKey(accountId).PK, tokenNamePrefix)

/** The key of the guard that keeps an email unique among humans. */
export const emailKeyOf = (email: string): Key => emailKey(createHash("sha256").update(email).digest("hex"))

/** The key of the guard that keeps an identity of an issuer for one human. */
export const subjectKeyOf = ({ issuer, subject }: Identity): Key =>
  subjectKey(createHash("sha256").update(`${issuer}\n${subject}`).digest("hex"))

/** Throws 422 when the name leads to no user_id. */
export function serviceUserId(name: string): string {
  const userId = serviceUserIdOf(name)
  if (userId === undefined) throw invalid({ pointer: "/name", detail: "must have a letter or digit of a-z, 0-9" })
  return userId
}

interface NewAccount {
  user_type: "Service" | "User"
  userId: string
  email?: string | undefined
  name: string
  role: AccountItem["role"]
  teams: string[]
  purpose?: string | undefined
}

export function newAccount(runtime: Runtime, actor: Actor, fields: NewAccount): AccountItem {
  const now = runtime.now()
  const id = newId(now, runtime.randomBytes(2))
  return {
    ...accountKey(id),
    ...accountListing(id, fields.user_type),
    id,
    userId: fields.userId,
    userType: fields.user_type,
    name: fields.name,
    ...(fields.email && { email: fields.email }),
    ...(fields.purpose && { purpose: fields.purpose }),
    role: fields.role,
    teams: fields.teams,
    state: "ACTIVE",
    epoch: 0,
    tokens: 0,
    version: 1,
    createdAt: now,
    createdById: actor.accountId,
  }
}

/** What an account.created event says of the account. */
export const described = ({ userId, userType, name, email, purpose, role, teams }: AccountItem) => ({
  user_id: userId,
  user_type: userType,
  name,
  role,
  teams,
  ...(email && { email }),
  ...(purpose && { purpose }),
})

/** What is decided from a read holds only for the account as it was read. */
export const sameVersion = (account: AccountItem): Condition =>
  where("#version = :version", { version: account.version })

/** Guards, then the account: who loses the race for an identity is told which part of it is taken. */
export const identitySteps = (account: AccountItem): Step[] => [
  ...(account.userType === "User" ? [emailGuard(account)] : []),
  put({ ...userIdKey(account.userId), accountId: account.id }, absent, () => new Problem("user-id-taken")),
  put(account, absent, () => new Conflict("an id was drawn twice")),
]

/** Keeps an email unique among humans; a service account's is only a contact. */
const emailGuard = ({ id, email = "" }: AccountItem): Step =>
  put({ ...emailKeyOf(email), accountId: id }, absent, () => new Problem("email-taken"))

/** The steps that move the guard of a human's email. */
export async function emailSteps(runtime: Runtime, from: AccountItem, to: AccountItem): Promise<Step[]> {
  if (to.userType === "Service") return []
  const key = emailKeyOf(from.email ?? "")
  const left = await runtime.table.get<IdentityItem>(key)
  const own = where("#accountId = :id", { id: to.id })
  return [
    emailGuard(to),
    // One that is missing, or is somebody else's since a replay, which check-integrity tells of, keeps nobody from being given another email.
    ...(left?.accountId === to.id ? [remove(key, own, () => new Conflict("changed meanwhile"))] : []),
  ]
}

/** Takes an account's identity of the issuer away from it: whoever it was signs in as nobody. */
export const unbindSteps = ({ id, binding }: AccountItem): Step[] =>
  binding
    ? [
        remove(
          subjectKeyOf(binding),
          // One that is missing, which check-integrity tells of, keeps nobody from being unbound.
          where("attribute_not_exists(#PK) OR #accountId = :id", { id }),
          () => new Error("a binding's guard was not its account's"),
        ),
      ]
    : []

/** Reports that an account has become an administrator. After its transaction, which has the audit event. */
export function reportAdmin(runtime: Runtime, actor: Actor, from: AccountItem | undefined, to: AccountItem): void {
  if (to.role !== "Admin" || from?.role === "Admin") return
  runtime.log({
    event: "admin.granted",
    accountId: to.id,
    byAccountId: actor.accountId,
    handle: actor.handle,
    requestId: actor.requestId,
    ...measured("Count", { AdminGranted: 1 }, runtime.stage.name, runtime.now()),
  })
}

/** Whom the count of administrators counts, which never falls to none. */
export const isAdministrator = (account: AccountItem | undefined): boolean =>
  account?.userType === "User" && account.role === "Admin" && account.state === "ACTIVE"

/** Counts active human administrators, and keeps the last one. */
export function administratorSteps(from: AccountItem | undefined, to: AccountItem): Step[] {
  const change = Number(isAdministrator(to)) - Number(isAdministrator(from))
  if (change === 0) return []
  const condition = change > 0 ? always : where("#count > :one", { one: 1 })
  return [update(administratorsKey, { add: { count: change } }, condition, () => new Problem("last-admin"))]
}
