import type { Body, Query } from "../contract/endpoints.ts"
import type { Before } from "../contract/events.ts"
import type { User } from "../contract/objects.ts"
import { invalid, Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { statusOf } from "../token/verdict.ts"
import {
  administratorSteps,
  described,
  emailSteps,
  findAccountByEmail,
  identitySteps,
  newAccount,
  readAccount,
  reportAdmin,
  sameVersion,
  serviceUserId,
  tokensOf,
  unbindSteps,
} from "./accounts.ts"
import { type Actor, audit, type Happened } from "./audit.ts"
import { Conflict, retrying } from "./dynamodb.ts"
import { etagOf, matchesETag } from "./etag.ts"
import { claim, type Idempotency, recall } from "./idempotency.ts"
import { instantOf, instantOrNull } from "./instants.ts"
import { indexSource, type PageRequest, readPage, rowId } from "./pages.ts"
import { absent, update, where } from "./steps.ts"
import { type AccountItem, accountKey, accountList, administratorsKey } from "./table.ts"
import { shownTeams, teamKeyOf, teamKeysOf, teamNames, teamSteps } from "./teams.ts"

/** A user as the API shows it, with the ETag of this state of it. */
export interface ShownUser {
  user: User
  etag: string
}

/** Creates a service account, or a human. Throws user-id-taken, email-taken, validation-failed. */
export const createUser = (
  runtime: Runtime,
  actor: Actor,
  body: Body<"users/create">,
  idempotency?: Idempotency,
): Promise<ShownUser> =>
  retrying(async () => {
    const earlier = idempotency && (await recall(runtime, idempotency))
    if (earlier) return earlier.reply as ShownUser

    const human = body.user_type === "User"
    if (human && body.email === undefined) throw invalid({ pointer: "/email", detail: "is required for a human" })
    const account = newAccount(runtime, actor, {
      ...body,
      userId: human ? (body.email as string) : serviceUserId(body.name),
      teams: teamKeysOf(body.teams),
    })
    const shown = await show(runtime, account)
    await runtime.table.transact([
      ...(idempotency ? [claim(runtime, idempotency, { reply: shown })] : []),
      ...identitySteps(account),
      ...teamSteps([], account.teams, body.teams),
      ...administratorSteps(undefined, account),
      audit(runtime, actor, {
        action: "account.created",
        account,
        reason: body.reason,
        before: {},
        after: described(account),
      }),
    ])
    reportAdmin(runtime, actor, undefined, account)
    return shown
  })

/**
 * Makes the first administrator of a stage, while there has never been one; false, and nothing done, afterwards.
 * `last-admin` keeps their number above zero, so the counter's existence is all there is to know.
 */
export async function createFirstAdmin(runtime: Runtime, actor: Actor, email: string): Promise<boolean> {
  if (await runtime.table.get(administratorsKey)) return false
  const account = newAccount(runtime, actor, {
    user_type: "User",
    userId: email,
    email,
    name: "First administrator",
    role: "Admin",
    teams: [],
  })
  const first = update(administratorsKey, { set: { count: 1 } }, absent, () => new Conflict("made meanwhile"))
  const event = audit(runtime, actor, { action: "account.created", account, before: {}, after: described(account) })
  try {
    await runtime.table.transact([first, ...identitySteps(account), event])
    reportAdmin(runtime, actor, undefined, account)
    return true
  } catch (error) {
    if (error instanceof Conflict) return false
    throw error
  }
}

/**
 * Makes the human of this email an active administrator: the account that has it, or a new one. Its teams stay as they are. A
 * service account is never meant: its email is only a contact. Throws user-id-taken, account-deleting.
 */
export async function makeAdministrator(runtime: Runtime, actor: Actor, email: string): Promise<void> {
  const human = await findAccountByEmail(runtime, email)
  if (human) await updateUser(runtime, actor, human.id, { role: "Admin", active: true }, undefined)
  else await createUser(runtime, actor, { user_type: "User", name: "Administrator", email, role: "Admin", teams: [] })
}

/** Changes an account; what it may do changes with the next request. `ifMatch` is a list of ETags, or `*`. */
export const updateUser = (
  runtime: Runtime,
  actor: Actor,
  id: number,
  changes: Body<"users/update">,
  ifMatch: string | undefined,
): Promise<ShownUser> =>
  retrying(async () => {
    const account = await readAccount(runtime, id)
    if (account.state === "DELETING") throw new Problem("account-deleting")
    if (ifMatch !== undefined && !matchesETag(ifMatch, account)) throw new Problem("precondition-failed")

    const next = changed(account, changes)
    const fields = (Object.keys(next) as (keyof AccountItem)[]).filter((key) => !same(account[key], next[key]))
    if (fields.length === 0) return show(runtime, account)

    // In the API's own words.
    const others = fields.filter((key) => key !== "state")
    const pick = (from: AccountItem): Before<"account.updated"> =>
      Object.fromEntries(
        others.map((key) => (key === "binding" ? ["bound", Boolean(from.binding)] : [key, from[key] ?? null])),
      )
    const event = (happened: Happened) => audit(runtime, actor, { ...happened, account, reason: changes.reason })
    await runtime.table.transact([
      update(
        accountKey(id),
        {
          set: Object.fromEntries(fields.map((key) => [key, next[key]])),
          add: { version: 1 },
          remove: fields.filter((key) => next[key] === undefined),
        },
        sameVersion(account),
        // Read again, and If-Match judged again.
        (found) => (found ? new Conflict("changed meanwhile") : new Problem("not-found")),
      ),
      ...(fields.includes("email") ? await emailSteps(runtime, account, next) : []),
      ...(fields.includes("binding") ? unbindSteps(account) : []),
      ...teamSteps(account.teams, next.teams, changes.teams ?? []),
      ...administratorSteps(account, next),
      ...(others.length > 0 ? [event({ action: "account.updated", before: pick(account), after: pick(next) })] : []),
      ...(fields.includes("state") ? [event(stateChange(next.state === "ACTIVE"))] : []),
    ])
    reportAdmin(runtime, actor, account, next)
    return show(runtime, { ...next, version: account.version + 1 })
  })

const stateChange = (active: boolean): Happened =>
  active
    ? { action: "account.reactivated", before: { active: false }, after: { active: true } }
    : { action: "account.deactivated", before: { active: true }, after: { active: false } }

/**
 * Revokes all tokens of an account in one write: they carry its epoch, and an older one is refused. Answers how many a
 * strong read just before found active: a number for people. After `compromised` none of them is ever restored.
 * It waits for nobody's edit, and changes nothing that an ETag stands for.
 */
export async function revokeTokens(
  runtime: Runtime,
  actor: Actor,
  id: number,
  { compromised, reason }: Body<"users/revoke-tokens">,
): Promise<{ revoked: number }> {
  const account = await readAccount(runtime, id)
  const tokens = await tokensOf(runtime, id)
  const revoked = tokens.filter((token) => statusOf(token, account, runtime.now()) === "active").length
  await runtime.table.transact([
    update(
      accountKey(id),
      { add: { epoch: 1 }, ...(compromised && { sum: { compromisedEpoch: ["epoch", 1] } }) },
      where("attribute_exists(#PK) AND #state <> :deleting", { deleting: "DELETING" }),
      (found) => new Problem(found ? "account-deleting" : "not-found"),
    ),
    audit(runtime, actor, {
      action: "account.tokens-revoked",
      account,
      reason,
      before: {},
      after: { revoked, ...(compromised && { compromised }) },
    }),
  ])
  return { revoked }
}

export const getUser = async (runtime: Runtime, id: number): Promise<ShownUser> =>
  show(runtime, await readAccount(runtime, id))

/** A page of accounts, newest first; without `user_type` the service accounts, then the humans. */
export async function listUsers(runtime: Runtime, request: PageRequest, query: Query<"users/list">) {
  const types = query.user_type ? [query.user_type] : (["Service", "User"] as const)
  const { rows, nextCursor } = await readPage(
    runtime,
    request,
    types.map((type) => indexSource(runtime, "list", accountList(type))),
    async (keys) => {
      const accounts = await runtime.table.batchGet<AccountItem>(keys)
      return new Map(accounts.filter((account) => isListed(account, query)).map((account) => [rowId(account), account]))
    },
  )
  const names = await teamNames(runtime, rows)
  return { items: rows.map((account) => present(runtime, account, names)), next_cursor: nextCursor }
}

/** An account as the API shows it. `names` are those of its teams. */
export function present(runtime: Runtime, account: AccountItem, names: ReadonlyMap<string, string>): User {
  const status = ({ ACTIVE: "active", INACTIVE: "inactive", DELETING: "deleting" } as const)[account.state]
  return {
    id: account.id,
    user_id: account.userId,
    user_name: account.userId,
    email: account.email ?? runtime.stage.serviceEmail,
    name: account.name,
    user_type: account.userType,
    role: account.role,
    teams: shownTeams(account.teams, names),
    purpose: account.purpose ?? null,
    active: account.state === "ACTIVE",
    status,
    created_at: instantOf(account.createdAt),
    created_by_id: account.createdById,
    last_used: instantOrNull(account.lastUsed),
    bound: account.binding !== undefined,
  }
}

async function show(runtime: Runtime, account: AccountItem): Promise<ShownUser> {
  return { user: present(runtime, account, await teamNames(runtime, [account])), etag: etagOf(account) }
}

const isListed = (account: AccountItem, query: Query<"users/list">): boolean => {
  const part = query.q?.toLowerCase()
  return (
    account.state !== "DELETING" &&
    (query.role === undefined || account.role === query.role) &&
    (query.team === undefined || ["public", ...account.teams].includes(teamKeyOf(query.team))) &&
    (part === undefined || account.name.toLowerCase().includes(part) || account.userId.includes(part))
  )
}

/** The account as a request wants it. Absent leaves, null empties; a human's email can't be emptied. */
function changed(account: AccountItem, changes: Body<"users/update">): AccountItem {
  const human = account.userType === "User"
  if (human && changes.email === null) throw invalid({ pointer: "/email", detail: "is required for a human" })
  const keep = <T>(wanted: T | null | undefined, present: T | undefined): T | undefined =>
    wanted === undefined ? present : (wanted ?? undefined)
  const { email: _email, purpose: _purpose, ...rest } = account
  return {
    ...rest,
    name: changes.name ?? account.name,
    role: changes.role ?? account.role,
    teams: changes.teams ? teamKeysOf(changes.teams) : account.teams,
    state: changes.active === undefined ? account.state : changes.active ? "ACTIVE" : "INACTIVE",
    email: keep(changes.email, account.email),
    purpose: keep(changes.purpose, account.purpose) || undefined,
    binding: changes.unbind ? undefined : account.binding,
  } as AccountItem
}

const same = (a: unknown, b: unknown): boolean =>
  Array.isArray(a) && Array.isArray(b) ? JSON.stringify([...a].sort()) === JSON.stringify([...b].sort()) : a === b
