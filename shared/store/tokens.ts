// Long because every mutation of a token stands here, each with its transaction: they are read side by side.

import type { Caller } from "../contract/caller.ts"
import type { Body } from "../contract/endpoints.ts"
import type { Token } from "../contract/objects.ts"
import { notAnAdministrator } from "../contract/operators.ts"
import type { Scope } from "../contract/permissions.ts"
import { invalid, Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { newId } from "../token/format.ts"
import { statusOf } from "../token/verdict.ts"
import { findAccountByEmail, readAccount, readAccountByUserId, tokensOf } from "./accounts.ts"
import { type Actor, audit, type Happened } from "./audit.ts"
import { Conflict, retrying } from "./dynamodb.ts"
import { shortened } from "./expiry-policy.ts"
import { claim, type Idempotency, recall } from "./idempotency.ts"
import { type ExpiryPolicy, expiryOf, instantOrNull } from "./instants.ts"
import { newSecret } from "./secrets.ts"
import { readSettings, type Settings } from "./settings.ts"
import { handleOfToken, showToken } from "./shown-token.ts"
import { absent, check, exists, put, remove, type Step, update, where } from "./steps.ts"
import {
  type AccountItem,
  accountKey,
  expiryListing,
  idleListing,
  type TokenItem,
  tokenKey,
  tokenListing,
  tokenNameKey,
} from "./table.ts"

/** The only value that ever holds a bearer token: the answer to its creation. */
export type IssuedToken = Token & { bearer_token: string }

/**
 * Creates a token: a personal one for the caller, or with scope "all" one of a service account. Throws not-found,
 * account-inactive, token-name-taken, token-quota, personal-tokens-need-a-human, insufficient-role, token-not-active,
 * validation-failed.
 * Under an Idempotency-Key that has made its token: token-already-issued, with what may still be told of it.
 */
export const createToken = (
  runtime: Runtime,
  caller: Caller & Actor,
  scope: Scope,
  body: Body<"user-tokens/create">,
  idempotency?: Idempotency,
): Promise<IssuedToken> =>
  retrying(async () => {
    const personal = body.type === "Personal"
    if (personal && caller.userType !== "User") throw new Problem("personal-tokens-need-a-human")
    if (!personal && scope !== "all") throw new Problem("insufficient-role")
    const earlier = idempotency && (await recall(runtime, idempotency))
    if (earlier) throw await alreadyIssued(runtime, caller, scope, earlier.tokenId as number)

    const settings = await readSettings(runtime)
    const expiresAt = expiryOf(body.expiration, runtime.now(), settings)
    const token: NewToken = {
      name: body.name,
      type: body.type,
      expiresAt,
      allowedCidrs: body.allowed_cidrs,
      reason: body.reason,
      most: settings.maxTokensPerAccount,
    }
    const claims = (id: number) => (idempotency ? [claim(runtime, idempotency, { tokenId: id })] : [])
    if (!personal) return issue(runtime, caller, await serviceAccount(runtime, body), token, settings, claims)
    const { account, parent } = await humanCaller(runtime, caller, body, expiresAt)
    const createdWith = parent.type === "Personal" ? parent.id : undefined
    return issue(runtime, caller, account, { ...token, createdWith }, settings, (id) => [
      ...claims(id),
      stillActive(parent),
    ])
  })

/**
 * Mints a personal token for an active administrator, for an operator who holds IAM permission for it instead of a token.
 * Throws when the email isn't such an administrator's.
 */
export const issueAdminToken = (
  runtime: Runtime,
  actor: Actor,
  email: string,
  name: string,
  expiresAt: number | undefined,
): Promise<IssuedToken> =>
  retrying(async () => {
    const account = await findAccountByEmail(runtime, email)
    if (account?.role !== "Admin" || account.state !== "ACTIVE") throw new Error(notAnAdministrator)
    // Without the quota: the last way in must not be closed by those who came in this way before.
    const most = Number.MAX_SAFE_INTEGER
    const token: NewToken = { name, type: "Personal", expiresAt, allowedCidrs: [], most }
    return issue(runtime, actor, account, token, await readSettings(runtime), () => [])
  })

export async function getToken(runtime: Runtime, caller: Caller, scope: Scope, id: number): Promise<Token> {
  const { token, account } = await readToken(runtime, caller, scope, id)
  return showToken(token, account, runtime.now(), await readSettings(runtime))
}

/** Revokes, restores, or sets the networks of a token: the body has exactly one of these. */
export const updateToken = (
  runtime: Runtime,
  caller: Caller & Actor,
  scope: Scope,
  id: number,
  body: Body<"user-tokens/update">,
): Promise<Token & { children?: number }> =>
  retrying(async () => {
    const { token, account } = await readToken(runtime, caller, scope, id)
    const settings = await readSettings(runtime)
    const change =
      body.allowed_cidrs !== undefined
        ? networksChange(token, body.allowed_cidrs)
        : body.active
          ? restoreChange(token, account, runtime.now(), settings)
          : revokeChange(token, body.compromised === true)
    if (change) {
      const { happened, set, remove: gone = [], condition, checks } = change
      await runtime.table.transact([
        update(tokenKey(id), { set, add: { version: 1 }, remove: gone }, condition, (found) =>
          // Whoever was quicker changed what this was decided from.
          found ? new Conflict("changed meanwhile") : new Problem("not-found"),
        ),
        ...checks,
        audit(runtime, caller, { ...happened, account, handle: handleOfToken(token), reason: body.reason }),
      ])
      if (happened.action === "token.revoked" && token.flaggedAt !== undefined) await unwatch(runtime, id)
    }
    const shown = showToken({ ...token, ...change?.set }, account, runtime.now(), settings)
    if (body.active !== false || token.type !== "Personal") return shown
    return { ...shown, children: await activeChildren(runtime, token, account) }
  })

/**
 * Takes a flagged token that was just revoked out of the index of those that are watched, which no sweep reads unless it has to revoke.
 * Apart from the revocation, so that a hot index never holds that back; it is done already, whatever becomes of this.
 */
async function unwatch(runtime: Runtime, id: number): Promise<void> {
  const changes = { remove: ["idlePK", "idleSK", "flaggedAt"] satisfies (keyof TokenItem)[] }
  await runtime.table.update(tokenKey(id), changes, where("#state = :revoked", { revoked: "REVOKED" })).catch(() => {})
}

/** Deletes a revoked token for ever. Throws token-active, not-found. */
export const deleteToken = async (
  runtime: Runtime,
  caller: Caller & Actor,
  scope: Scope,
  id: number,
  reason: string | undefined,
): Promise<void> => {
  const { token, account } = await readToken(runtime, caller, scope, id)
  const name = tokenNameKey(token.accountId, token.name)
  await runtime.table.transact([
    // Epochs only grow: what was revoked under the epoch just read still is.
    remove(
      tokenKey(id),
      where("#state = :revoked OR #epoch < :epoch", { revoked: "REVOKED", epoch: account.epoch }),
      (found) => new Problem(found ? "token-active" : "not-found"),
    ),
    remove(name, where("#tokenId = :id", { id }), () => new Error("a token's name guard was not its own")),
    update(accountKey(account.id), { add: { tokens: -1 } }, exists, () => new Problem("not-found")),
    audit(runtime, caller, {
      action: "token.deleted",
      account,
      handle: handleOfToken(token),
      reason,
      before: { name: token.name },
      after: {},
    }),
  ])
}

/** A token with its account, both strongly. What isn't the caller's, and every session, is not-found. */
export async function readToken(runtime: Runtime, caller: Caller, scope: Scope, id: number) {
  const token = await runtime.table.get<TokenItem>(tokenKey(id))
  const own = token?.type === "Personal" && token.accountId === caller.accountId
  if (!token || token.type === "Session" || (scope === "own" && !own)) throw new Problem("not-found")
  return { token, account: await readAccount(runtime, token.accountId) }
}

/** The human who calls, and the token it calls with. */
async function humanCaller(
  runtime: Runtime,
  caller: Caller,
  body: Body<"user-tokens/create">,
  expiresAt: number | undefined,
): Promise<{ account: AccountItem; parent: TokenItem }> {
  if (body.user_id !== undefined)
    throw invalid({ pointer: "/user_id", detail: "goes with type Service only: a personal token is the caller's" })
  const account = await readAccount(runtime, caller.accountId)
  const parent = await readParent(runtime, caller, account)
  const most = mostLasting(parent)
  if (most !== undefined && (expiresAt ?? Number.POSITIVE_INFINITY) > most) throw outlives()
  return { account, parent }
}

/** The token that a human calls with. Throws token-not-active for one that has ended since the authorizer let it in. */
export async function readParent(runtime: Runtime, caller: Caller, account: AccountItem): Promise<TokenItem> {
  const parent = await runtime.table.get<TokenItem>(tokenKey(caller.tokenId))
  if (!parent || statusOf(parent, account, runtime.now()) === "revoked") throw new Problem("token-not-active")
  return parent
}

/** What is made with a personal token may not outlive it, or a leaked one would live for ever; undefined: no limit. */
export const mostLasting = (parent: TokenItem): number | undefined =>
  parent.type === "Personal" ? parent.expiresAt : undefined

export const outlives = () =>
  invalid({ pointer: "/expiration", detail: "must not be later than that of the token it is made with" })

/** In the transaction of its child: a token that is revoked meanwhile must not leave one behind. */
export const stillActive = (parent: TokenItem): Step =>
  check(
    tokenKey(parent.id),
    where("#state = :active AND #epoch = :epoch", { active: "ACTIVE", epoch: parent.epoch }),
    () => new Problem("token-not-active"),
  )

async function serviceAccount(runtime: Runtime, body: Body<"user-tokens/create">): Promise<AccountItem> {
  if (body.user_id === undefined) throw invalid({ pointer: "/user_id", detail: "is required with type Service" })
  const account = await readAccountByUserId(runtime, body.user_id)
  if (account.userType !== "Service") throw invalid({ pointer: "/user_id", detail: "must be a service account's" })
  return account
}

interface NewToken {
  name: string
  type: "Service" | "Personal"
  expiresAt: number | undefined
  allowedCidrs: string[]
  /** How many tokens the account may have, this one included. */
  most: number
  reason?: string | undefined
  createdWith?: number | undefined
}

/** The transaction of every creation. Its secret exists in this call, and in its answer. */
async function issue(
  runtime: Runtime,
  actor: Actor,
  account: AccountItem,
  wanted: NewToken,
  settings: Settings,
  before: (tokenId: number) => Step[],
): Promise<IssuedToken> {
  const now = runtime.now()
  const id = newId(now, runtime.randomBytes(2))
  const { bearerToken, secret } = await newSecret(runtime, wanted.type, account.id, id)
  const token: TokenItem = {
    ...tokenKey(id),
    ...tokenListing(id, account.id, wanted.type),
    ...idleListing(id, now),
    ...expiryListing(id, wanted.expiresAt),
    id,
    accountId: account.id,
    name: wanted.name,
    type: wanted.type,
    state: "ACTIVE",
    epoch: account.epoch,
    current: { ...secret, generation: 1 },
    ...(wanted.expiresAt !== undefined && { expiresAt: wanted.expiresAt }),
    networks: {},
    ...(wanted.allowedCidrs.length > 0 && { allowedCidrs: wanted.allowedCidrs }),
    ...(wanted.createdWith !== undefined && { createdWith: wanted.createdWith }),
    version: 1,
    createdAt: now,
    createdById: actor.accountId,
  }
  await runtime.table.transact([
    ...before(id),
    put({ ...tokenNameKey(account.id, token.name), tokenId: id }, absent, () => new Problem("token-name-taken")),
    update(
      accountKey(account.id),
      { add: { tokens: 1 } },
      // Without the state, a purge leaves a ghost; without the epoch, a revoke-all in between is survived.
      where("#state = :active AND #epoch = :epoch AND #tokens < :most", {
        active: "ACTIVE",
        epoch: account.epoch,
        most: wanted.most,
      }),
      (found) => whyNoToken(found, wanted.most),
    ),
    put(token, absent, () => new Conflict("an id was drawn twice")),
    audit(runtime, actor, {
      action: "token.created",
      account,
      handle: handleOfToken(token),
      reason: wanted.reason,
      before: {},
      after: { name: token.name, type: wanted.type, expiration: instantOrNull(token.expiresAt) },
    }),
  ])
  return { ...showToken(token, account, now, settings), bearer_token: bearerToken }
}

/** Why an account got no token, from the account as the transaction found it. */
function whyNoToken(account: Record<string, unknown> | undefined, most: number): Error {
  if (!account) return new Problem("not-found")
  if (account.state !== "ACTIVE") return new Problem("account-inactive")
  if (Number(account.tokens) >= most) return new Problem("token-quota")
  return new Conflict("the account's epoch has changed")
}

/** The answer to a repeat: with the token that was made then, as it is now, if it is still there and still for this caller to see. */
export async function alreadyIssued(runtime: Runtime, caller: Caller, scope: Scope, id: number): Promise<Problem> {
  try {
    return new Problem("token-already-issued", { token: await getToken(runtime, caller, scope, id) })
  } catch (error) {
    if (error instanceof Problem && error.code === "not-found") return new Problem("token-already-issued")
    throw error
  }
}

interface Change {
  happened: Happened<"token.revoked" | "token.restored" | "token.updated">
  set: Partial<TokenItem>
  remove?: (keyof TokenItem)[]
  condition: ReturnType<typeof where>
  checks: Step[]
}

const sameVersion = (token: TokenItem) => where("#version = :version", { version: token.version })

/**
 * Undefined when it is revoked already; compromise can still be reported then, and is never taken back. Its condition is the
 * least there is, so that nobody's edit of the token gets in the way of its revocation.
 */
function revokeChange(token: TokenItem, compromised: boolean): Change | undefined {
  const reports = compromised && !token.compromised
  const revokes = token.state !== "REVOKED"
  if (!revokes && !reports) return undefined
  return {
    happened: {
      action: "token.revoked",
      before: { ...(revokes && { active: true }), ...(reports && { compromised: false }) },
      after: { ...(revokes && { active: false }), ...(reports && { compromised: true }) },
    },
    set: { state: "REVOKED", ...(reports && { compromised: true }) },
    condition: where(`#state = :state${reports ? " AND attribute_not_exists(#compromised)" : ""}`, {
      state: token.state,
    }),
    checks: [],
  }
}

/**
 * Undefined when it is active already: ACTIVE, and of the account's epoch. A token that was revoked with all others comes
 * back under the current epoch. Never one that was reported compromised, by itself or with all others. It obeys the policy as it
 * is now, which went past it while it was revoked: no longer than that lets it live.
 */
function restoreChange(token: TokenItem, account: AccountItem, now: number, policy: ExpiryPolicy): Change | undefined {
  if (token.state === "ACTIVE" && token.epoch >= account.epoch) return undefined
  if (token.compromised || (account.compromisedEpoch ?? 0) > token.epoch) throw new Problem("token-compromised")
  if (token.expiresAt !== undefined && token.expiresAt <= now) throw new Problem("token-expired")
  if (account.state !== "ACTIVE") throw new Problem("account-inactive")
  const shorter = shortened(token, policy, now)
  return {
    happened: {
      action: "token.restored",
      before: { active: false, ...shorter?.before },
      after: { active: true, ...shorter?.after },
    },
    set: {
      state: "ACTIVE",
      epoch: account.epoch,
      ...idleListing(token.id, token.lastUsed ?? token.createdAt),
      ...shorter?.set,
    },
    // As unused as it was, it is flagged anew: with as long a notice as any other.
    remove: ["flaggedAt"],
    condition: sameVersion(token),
    checks: [sameStanding(account)],
  }
}

/** The account is active still, and of the epoch that it was read with. */
export const sameStanding = (account: AccountItem): Step =>
  check(
    accountKey(account.id),
    where("#state = :active AND #epoch = :epoch", { active: "ACTIVE", epoch: account.epoch }),
    () => new Conflict("the account has changed"),
  )

function networksChange(token: TokenItem, allowedCidrs: string[]): Change | undefined {
  const before = token.allowedCidrs ?? []
  if (JSON.stringify(before) === JSON.stringify(allowedCidrs)) return undefined
  return {
    happened: {
      action: "token.updated",
      before: { allowed_cidrs: before },
      after: { allowed_cidrs: allowedCidrs },
    },
    set: { allowedCidrs },
    condition: sameVersion(token),
    checks: [],
  }
}

/** How many tokens that work now were made with this one. */
export async function activeChildren(runtime: Runtime, parent: TokenItem, account: AccountItem): Promise<number> {
  const tokens = await tokensOf(runtime, account.id)
  return tokens.filter(
    (token) => token.createdWith === parent.id && statusOf(token, account, runtime.now()) === "active",
  ).length
}
