import type { Runtime } from "../runtime.ts"
import { findAccountByEmail, subjectKeyOf } from "./accounts.ts"
import { type AccountItem, accountKey, type IdentityItem } from "./table.ts"

/** A human in the stage's own user pool. */
export interface PoolUser {
  /** Given by Cognito, for ever; it is the `sub` of their ID tokens too. */
  username: string
  /** With which they sign in; one has it at a time. */
  email: string
  enabled: boolean
}

/** The stage's user pool, as far as it is kept here. What is about one human alone throws PoolRefusal; anything else, the pool is unavailable. */
export interface UserPool {
  /** As its ID tokens have it in `iss`. */
  issuer: string
  /** By username or email. */
  find: (name: string) => Promise<PoolUser | undefined>
  /** All of them, page by page; a moment late, perhaps. */
  pages: () => AsyncIterable<PoolUser[]>
  /** Makes a user of this email, enabled, and mails a password to it. One that is there already stays as it is, and no mail goes out. Throws Undelivered. */
  invite: (email: string) => Promise<void>
  /** The new one counts as verified: it is an administrator's word, and nobody is mailed. */
  changeEmail: (username: string, email: string) => Promise<void>
  enable: (username: string) => Promise<void>
  disable: (username: string) => Promise<void>
  /** Ends what they have signed in to. */
  signOut: (username: string) => Promise<void>
}

/** Cognito won't, for a reason that lies in this one human: the others must not wait for it. The message is the reason's name. */
export class PoolRefusal extends Error {
  override name = "PoolRefusal"
}

/** The user may have been made, and nobody was told: the day's mails are used up, say. */
export class Undelivered extends PoolRefusal {}

/**
 * Makes the pool's user of an account be what the table says now, read strongly. So it may run late, in any order, twice, and stop
 * anywhere: the next run does the rest, and finds nothing to do where all is done. Nobody is deleted there.
 */
export async function syncAccount(runtime: Runtime, pool: UserPool, id: number): Promise<void> {
  const account = await runtime.table.get<AccountItem>(accountKey(id))
  if (account?.userType !== "User") return
  const email = account.email as string
  const bound = await boundUser(pool, account)
  const addressee = bound?.email === email ? bound : await pool.find(email)
  const user = bound ?? (addressee && (await isOf(runtime, pool, addressee, account)) ? addressee : undefined)
  if (account.state !== "ACTIVE") {
    if (user?.enabled) await shutOut(pool, user)
    return
  }
  if (addressee && addressee.username !== user?.username) await setAside(runtime, pool, addressee)
  if (!user) return invite(pool, email)
  if (user.email !== email) await pool.changeEmail(user.username, email)
  if (!user.enabled) await pool.enable(user.username)
}

/** Shuts out a user of the pool behind whom no active account stands. */
export async function shutOutStranger(runtime: Runtime, pool: UserPool, user: PoolUser): Promise<void> {
  const id = await boundTo(runtime, pool, user)
  const account =
    id === undefined
      ? await findAccountByEmail(runtime, user.email)
      : await runtime.table.get<AccountItem>(accountKey(id))
  const bound = account && (await boundUser(pool, account))
  const isAnother = bound !== undefined && bound.username !== user.username
  if (account?.state !== "ACTIVE" || isAnother) await shutOut(pool, user)
}

/** Undefined, too, for a subject that is gone from the pool. */
const boundUser = async (pool: UserPool, { binding }: AccountItem): Promise<PoolUser | undefined> =>
  binding?.issuer === pool.issuer ? pool.find(binding.subject) : undefined

/**
 * Whether who has an account's email in the pool is the account's human: nobody else is bound to them, and they may come in. Who may not,
 * and isn't bound to it, was somebody once, whose password and authenticator app are not the new human's.
 */
async function isOf(runtime: Runtime, pool: UserPool, user: PoolUser, { id }: AccountItem): Promise<boolean> {
  const owner = await boundTo(runtime, pool, user)
  return owner === undefined ? user.enabled : owner === id
}

async function boundTo(runtime: Runtime, { issuer }: UserPool, { username }: PoolUser): Promise<number | undefined> {
  const guard = await runtime.table.get<IdentityItem>(subjectKeyOf({ issuer, subject: username }))
  return guard?.accountId
}

/** In this order: who was stopped between the two is still enabled, so that both are done again. */
async function shutOut(pool: UserPool, { username }: PoolUser): Promise<void> {
  await pool.signOut(username)
  await pool.disable(username)
}

/** Frees an email for whose it is. Another account's human gets the own one by that account's run. */
async function setAside(runtime: Runtime, pool: UserPool, user: PoolUser): Promise<void> {
  if (user.enabled && (await boundTo(runtime, pool, user)) === undefined) await shutOut(pool, user)
  // No mail ever gets to `.invalid` (RFC 2606).
  await pool.changeEmail(user.username, `${user.username}@set-aside.invalid`)
}

async function invite(pool: UserPool, email: string): Promise<void> {
  try {
    await pool.invite(email)
  } catch (error) {
    // Disabled, and bound to nobody: the next run sets them aside, and invites anew. Enabled, they would pass for invited.
    const untold = error instanceof Undelivered ? await pool.find(email) : undefined
    if (untold?.enabled) await pool.disable(untold.username)
    throw error
  }
}
