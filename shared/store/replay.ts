// Long because it holds, for every action that narrows, what of it a restored table must be given again.
import type { After, Before } from "../contract/events.ts"
import { roles } from "../contract/permissions.ts"
import type { Runtime } from "../runtime.ts"
import { tokenIdIn } from "../token/format.ts"
import { emailKeyOf, isAdministrator, subjectKeyOf } from "./accounts.ts"
import { type Actor, audit, repeated } from "./audit.ts"
import { pendingAttributes, promotion } from "./promotion.ts"
import { absent, always, type Changes, exists, put, remove, type Step, update } from "./steps.ts"
import {
  type AccountItem,
  type AuditItem,
  accountKey,
  accountList,
  administratorsKey,
  expiryListing,
  type IdentityItem,
  type Key,
  purgeList,
  type TeamItem,
  type TokenItem,
  type TokenNameItem,
  teamKey,
  tokenKey,
  tokenNameKey,
} from "./table.ts"

/**
 * A table that was restored to an instant remembers nothing since: who was revoked, demoted or deleted after it would be let in
 * again. A replay gives such a table every event of the archive that it hasn't, and does again what narrowed. What
 * widened is left to people: it is put into the trail only.
 */
export interface Replayed {
  event: AuditItem
  /** What was done again, in words; undefined: the event was put into the trail, and nothing else. */
  effect: string | undefined
  /** The table had the event, and perhaps not what it tells of: that is done again, with an event of its own. */
  inTrail: boolean
}

/**
 * A transaction comes into the backups of its table by and by: of one that was made just before the restore's instant, the event may be
 * there and the rest not (the DynamoDB Developer Guide, at TransactWriteItems).
 */
const partlyMilliseconds = 60_000

/**
 * Replays events in their order, on a table of the instant `since`. With `apply` false it writes nothing and answers what it would do. One
 * that the table has is not done twice: each goes into the trail in the transaction of its effect. Of those that it had before, just those of
 * the last minute are looked into.
 */
export async function replay(
  runtime: Runtime,
  events: readonly AuditItem[],
  since: number,
  apply: boolean,
): Promise<Replayed[]> {
  const rows = new Rows(runtime)
  const had: AuditItem[] = []
  const lost: AuditItem[] = []
  for (const event of events) {
    const known = await rows.get<AuditItem>(event)
    if (!known) lost.push(event)
    else if (known.replayedAt === undefined && event.at >= since - partlyMilliseconds) had.push(event)
  }
  const replayed: Replayed[] = []
  const again = async (event: AuditItem, inTrail: boolean) => {
    const effect = await effectOf(rows, event)
    if (inTrail && !effect) return
    const told = inTrail ? repeated(runtime, event) : { ...event, replayedAt: runtime.now() }
    const trail = put(told, absent, () => new Error("replayed by another meanwhile"))
    if (apply) await runtime.table.transact([...(effect?.steps ?? []), trail])
    replayed.push({ event, effect: effect?.says, inTrail })
  }
  // What the table had came before what it hadn't, also in the same millisecond.
  for (const event of had) await again(event, true)
  for (const event of lost) await again(event, false)
  return replayed
}

/** Ends every token of every account, where it isn't known what ended meanwhile. Answers how many accounts these are. */
export async function revokeEverything(runtime: Runtime, actor: Actor, apply: boolean): Promise<number> {
  let ended = 0
  for (const type of ["Service", "User"] as const) {
    let after: string | undefined
    do {
      const keys = await runtime.table.queryIndex({ index: "list", partition: accountList(type), after, limit: 100 })
      for (const account of await runtime.table.batchGet<AccountItem>(keys)) {
        ended += 1
        if (!apply) continue
        await runtime.table.transact([
          update(accountKey(account.id), { add: { epoch: 1 } }, exists, () => new Error("the account is gone")),
          audit(runtime, actor, {
            action: "account.tokens-revoked",
            account,
            reason: "restored without a complete audit archive",
            before: {},
            after: {},
          }),
        ])
      }
      after = keys.at(-1)?.at
    } while (after)
  }
  return ended
}

interface Effect {
  says: string
  steps: Step[]
}

/** Rows as the replay has left them: a dry run sees its own effects too. */
class Rows {
  private readonly runtime: Runtime
  private readonly known = new Map<string, unknown>()

  constructor(runtime: Runtime) {
    this.runtime = runtime
  }

  async get<T>({ PK, SK }: Key): Promise<T | undefined> {
    const name = `${PK} ${SK}`
    if (!this.known.has(name)) this.known.set(name, await this.runtime.table.get<T>({ PK, SK }))
    return this.known.get(name) as T | undefined
  }

  /** The step that changes a row, which is changed here too; but for sums, which nothing here reads. */
  change(row: Key & object, changes: Changes): Step {
    const { PK, SK } = row
    const before: Record<string, unknown> = { ...row }
    const added = Object.entries(changes.add ?? {}).map(([name, by]) => [name, Number(before[name] ?? 0) + by])
    const after = { ...before, ...changes.set, ...Object.fromEntries(added) }
    for (const name of changes.remove ?? []) delete after[name]
    this.known.set(`${PK} ${SK}`, after)
    return update({ PK, SK }, changes, exists, () => new Error(`${PK} has gone meanwhile`))
  }

  add<T extends Key>(row: T, condition = absent): Step {
    this.known.set(`${row.PK} ${row.SK}`, row)
    return put(row, condition, () => new Error(`${row.PK} has come meanwhile`))
  }

  remove(row: Key): Step {
    this.known.set(`${row.PK} ${row.SK}`, undefined)
    return remove({ PK: row.PK, SK: row.SK }, always, () => new Error(`${row.PK} has gone meanwhile`))
  }
}

async function effectOf(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  switch (event.action) {
    case "token.revoked":
      return revoked(rows, event)
    case "token.rotated":
      return rotated(rows, event)
    case "token.rotation-completed":
      return superseded(rows, event)
    case "token.rotation-aborted":
      return dropped(rows, event)
    case "token.updated":
      return (await expiry(rows, event)) ?? networks(rows, event)
    case "token.deleted":
      return tokensDeleted(rows, event)
    case "account.tokens-revoked":
      return allRevoked(rows, event)
    case "account.deactivated":
      return deactivated(rows, event)
    case "account.signed-in":
      return bound(rows, event)
    case "account.updated":
      return narrowed(rows, event)
    case "account.deleting":
    case "account.deleted":
      return deleting(rows, event)
    case "team.deleted":
      return teamDeleted(rows, event)
  }
  // What widens, and what changes nothing that a restore could lose.
  return undefined
}

const accountOf = (rows: Rows, { subject }: AuditItem) => rows.get<AccountItem>(accountKey(subject.id))
/** `symsvc_<account><token>`. */
const tokenOf = (rows: Rows, handle: string | undefined) =>
  handle ? rows.get<TokenItem>(tokenKey(tokenIdIn(handle))) : undefined

async function revoked(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const token = await tokenOf(rows, event.subject.handle)
  const compromised = event.after.compromised === true && !token?.compromised
  if (!token || (token.state === "REVOKED" && !compromised)) return undefined
  const set: Partial<TokenItem> = { state: "REVOKED", ...(compromised && { compromised: true }) }
  const step = rows.change(token, { set, add: { version: 1 } })
  return { says: `revokes ${event.subject.handle}${compromised ? " as compromised" : ""}`, steps: [step] }
}

/**
 * A rotation whose new secret the row has waiting is done again. Where it hasn't, that secret is in no archive, and the old one must not
 * come back to life.
 */
async function rotated(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const token = await tokenOf(rows, event.subject.handle)
  const { generation, superseded_at } = event.after as After<"token.rotated">
  // Or a later one: generations only grow.
  if (token && token.current.generation >= generation) return undefined
  const again = token?.pending?.generation === generation ? promotion(token, event.at) : undefined
  if (!token || !again) return revoked(rows, event)
  const set = { ...again.changes.set, supersededAt: Date.parse(superseded_at) }
  const step = rows.change(token, { ...again.changes, set })
  return {
    says: `gives ${event.subject.handle} its new secret, and ends the old one at ${superseded_at}`,
    steps: [step],
  }
}

/** An overlap that was ended by hand. */
async function superseded(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const token = await tokenOf(rows, event.subject.handle)
  const { generation } = event.before as Before<"token.rotation-completed">
  if (token?.previous?.generation !== generation || (token.supersededAt ?? 0) <= event.at) return undefined
  const set = { supersededAt: 0 }
  const step = rows.change(token, { set, add: { version: 1 } })
  return { says: `ends the old secret of ${event.subject.handle}`, steps: [step] }
}

/** A new secret that was dropped before its first use. */
async function dropped(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const token = await tokenOf(rows, event.subject.handle)
  const { generation } = event.before as Before<"token.rotation-aborted">
  if (token?.pending?.generation !== generation) return undefined
  const step = rows.change(token, { remove: pendingAttributes, add: { version: 1 } })
  return { says: `drops the new secret of ${event.subject.handle}`, steps: [step] }
}

/** An expiry that the policy had brought forward. */
async function expiry(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const token = await tokenOf(rows, event.subject.handle)
  const { expiration } = event.after as { expiration?: string }
  if (!token || expiration === undefined) return undefined
  const expiresAt = Date.parse(expiration)
  if (expiresAt >= (token.expiresAt ?? Number.POSITIVE_INFINITY)) return undefined
  const set = { expiresAt, ...expiryListing(token.id, expiresAt) }
  const step = rows.change(token, { set, add: { version: 1 } })
  return { says: `ends ${event.subject.handle} at ${expiration}`, steps: [step] }
}

/** The networks it had last; that it was opened to all again is left to people. */
async function networks(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const token = await tokenOf(rows, event.subject.handle)
  const allowedCidrs = event.after.allowed_cidrs as string[] | undefined
  if (!token || !allowedCidrs?.length) return undefined
  const step = rows.change(token, { set: { allowedCidrs }, add: { version: 1 } })
  return { says: `allows ${event.subject.handle} from ${allowedCidrs.join(", ")}`, steps: [step] }
}

/** One, or those of an account that was being deleted: forty at most, so all fit into the transaction. */
async function tokensDeleted(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const handles = event.subject.handle ? [event.subject.handle] : ((event.before.handles ?? []) as string[])
  const account = await accountOf(rows, event)
  const steps: Step[] = []
  const gone: string[] = []
  for (const handle of handles) {
    const token = await tokenOf(rows, handle)
    if (!token) continue
    gone.push(handle)
    steps.push(rows.remove(token))
    const guard = await rows.get<TokenNameItem>(tokenNameKey(token.accountId, token.name))
    if (guard?.tokenId === token.id) steps.push(rows.remove(guard))
  }
  if (gone.length === 0) return undefined
  if (account) steps.push(rows.change(account, { add: { tokens: -gone.length } }))
  return { says: `deletes ${gone.join(", ")}`, steps }
}

async function allRevoked(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const account = await accountOf(rows, event)
  if (!account) return undefined
  const compromised = event.after.compromised === true
  const step = rows.change(account, {
    add: { epoch: 1 },
    ...(compromised && { sum: { compromisedEpoch: ["epoch", 1] } }),
  })
  return { says: `revokes all tokens of ${account.userId}${compromised ? " as compromised" : ""}`, steps: [step] }
}

async function deactivated(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const account = await accountOf(rows, event)
  if (account?.state !== "ACTIVE") return undefined
  const set = { state: "INACTIVE" as const }
  return {
    says: `deactivates ${account.userId}`,
    steps: [rows.change(account, { set, add: { version: 1 } }), ...administratorLost(account, set)],
  }
}

/** The lesser of the roles, and the teams of both: what was taken away stays so, and nothing is given. And who may sign in as it. */
async function narrowed(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const account = await accountOf(rows, event)
  const { role: to, teams: kept, bound, email } = event.after as Partial<After<"account.updated">>
  if (!account) return undefined
  const role = to && roles.indexOf(to) < roles.indexOf(account.role) ? to : account.role
  const teams = kept ? account.teams.filter((key) => kept.includes(key)) : account.teams
  const left = account.teams.filter((key) => !teams.includes(key))
  const unbound = bound === false ? account.binding : undefined
  const moved = account.userType === "User" && email && email !== account.email ? email : undefined
  const says = [
    ...(role === account.role ? [] : [`makes ${account.userId} a ${role}`]),
    ...(left.length === 0 ? [] : [`takes ${account.userId} out of ${left.join(", ")}`]),
    ...(unbound ? [`unbinds ${account.userId}`] : []),
    ...(moved ? [`gives ${account.userId} the email ${moved}`] : []),
  ]
  if (says.length === 0) return undefined
  const set = { role, teams, ...(moved && { email: moved }) }
  const changes = { set, add: { version: 1 }, ...(unbound && { remove: ["binding"] }) }
  const steps = [
    rows.change(account, changes),
    ...(unbound ? [rows.remove(subjectKeyOf(unbound))] : []),
    ...(moved ? await emailMoved(rows, account, moved) : []),
  ]
  for (const key of left) {
    const team = await rows.get<TeamItem>(teamKey(key))
    if (team) steps.push(rows.change(team, { add: { uses: -1 } }))
  }
  steps.push(...administratorLost(account, { role }))
  return { says: says.join(" and "), steps }
}

/**
 * Nobody signs in by the old one any more; by the new one only where nobody has it, which check-integrity tells of. Who is being deleted has left it:
 * the email was given away after that.
 */
async function emailMoved(rows: Rows, account: AccountItem, email: string): Promise<Step[]> {
  const [from, to] = [emailKeyOf(account.email ?? ""), emailKeyOf(email)]
  const own = (await rows.get<IdentityItem>(from))?.accountId === account.id
  const guard = { ...to, accountId: account.id }
  const { taken, leaving } = await heldBy(rows, to)
  const free = !taken || leaving
  return [...(own ? [rows.remove(from)] : []), ...(free ? [rows.add(guard, taken ? always : absent)] : [])]
}

/** Whether a guard is taken, and who is being deleted that has it still: they have left it. */
async function heldBy(rows: Rows, guard: Key): Promise<{ taken: boolean; leaving: AccountItem | undefined }> {
  const row = await rows.get<IdentityItem>(guard)
  const holder = row && (await rows.get<AccountItem>(accountKey(row.accountId)))
  return { taken: row !== undefined, leaving: holder?.state === "DELETING" ? holder : undefined }
}

/** Whoever a human is bound to keeps everybody else out. Who is being deleted has left that: somebody was bound to it after. */
async function bound(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const account = await accountOf(rows, event)
  const { binding } = event.after as After<"account.signed-in">
  if (!account || account.binding || !binding) return undefined
  const guard = { ...subjectKeyOf(binding), accountId: account.id }
  const { taken, leaving } = await heldBy(rows, guard)
  if (taken && !leaving) return undefined
  const left = leaving ? [rows.change(leaving, { remove: ["binding"], add: { version: 1 } })] : []
  const step = rows.change(account, { set: { binding }, add: { version: 1 } })
  return {
    says: `binds ${account.userId} to a subject of ${binding.issuer}`,
    steps: [step, ...left, rows.add(guard, taken ? always : absent)],
  }
}

/** The schedule's purge does the rest, as it did then. */
async function deleting(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const account = await accountOf(rows, event)
  if (!account || account.state === "DELETING") return undefined
  const set = { state: "DELETING" as const, deletingAt: event.at, listPK: purgeList }
  return {
    says: `deletes the account ${account.userId}`,
    steps: [rows.change(account, { set, add: { version: 1 } }), ...administratorLost(account, set)],
  }
}

async function teamDeleted(rows: Rows, event: AuditItem): Promise<Effect | undefined> {
  const team = await rows.get<TeamItem>(teamKey(event.subject.userId.replace("team:", "")))
  if (!team || team.uses > 0) return undefined
  return { says: `deletes the team ${team.name}`, steps: [rows.remove(team)] }
}

/** The count of administrators, down to none: one who has lost the role must not keep it for being the last. */
function administratorLost(account: AccountItem, next: Partial<AccountItem>): Step[] {
  if (!isAdministrator(account) || isAdministrator({ ...account, ...next })) return []
  return [update(administratorsKey, { add: { count: -1 } }, exists, () => new Error("administrators are not counted"))]
}
