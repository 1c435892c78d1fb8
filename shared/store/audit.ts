import type { After, Before, EventType } from "../contract/events.ts"
import type { Runtime } from "../runtime.ts"
import { encodeId, newId } from "../token/format.ts"
import { absent, put, type Step } from "./steps.ts"
import { type AuditItem, auditKey, auditListing, auditPrefix, settingsKey } from "./table.ts"

/** Who changes something, and from where: an account with the token it used, or the system itself. */
export interface Actor {
  accountId: number
  userId: string
  handle?: string
  clientAddress: string
  userAgent: string
  requestId: string
}

/** From where a request comes. */
export type Origin = Pick<Actor, "clientAddress" | "userAgent" | "requestId">

/** Who has proven nothing. */
export const unknown = (origin: Origin): Actor => ({ ...origin, accountId: 0, userId: "unknown" })

/** Who came in through IAM, by the ARN that STS has told. */
export const operator = (arn: string, requestId: string): Actor => ({ ...system("operator", requestId), userId: arn })

/** The author of what jobs do. */
export const system = (job: string, requestId: string): Actor => ({
  accountId: 0,
  userId: `system:${job}`,
  clientAddress: "",
  userAgent: "",
  requestId,
})

/**
 * What changed: an account, perhaps in a token of its; a team; a datastore, perhaps in a container of its; the settings; the keyring. Of refusals
 * nothing did, but somebody has to know; nor of a review, which somebody answers for; nor of a sign-in that nobody stands behind.
 */
type Subject =
  | { account: { id: number; userId: string }; handle?: string }
  | { team: { key: string } }
  | { datastore: { id: number; name: string } }
  | { settings: true }
  | { refusals: true }
  | { review: true }
  | { keyring: true }
  | { signIn: true }

/** As the table of events has it: only what changed, and never a digest. */
export type Happened<T extends EventType = EventType> = {
  [Type in T]: { action: Type; before: Before<Type>; after: After<Type> }
}[T]

type Change = Happened & Subject & { reason?: string | undefined; outcome?: AuditItem["outcome"] }

/**
 * The audit event of a mutation: the last step of its transaction, so that a change without its event does not happen.
 * Events are only ever added. IAM denies every function to update or delete one, and this condition to overwrite one.
 */
export const audit = (runtime: Runtime, actor: Actor, change: Change): Step => added(eventOf(runtime, actor, change))

export const added = (event: AuditItem): Step => put(event, absent, () => new Error("an audit event of this id exists"))

/**
 * After which all events of an instant are in the trail, and in its index: an event's instant is a moment before its transaction, which may have to be
 * tried again, and by its own Lambda's clock.
 */
export const settledMilliseconds = 5 * 60_000

/** The event itself, for who tells of it too. */
export function eventOf(runtime: Runtime, actor: Actor, change: Change): AuditItem {
  const { partition, subject } = subjectOf(change)
  const { reason } = change
  return {
    ...stamp(runtime, partition),
    action: change.action,
    outcome: change.outcome ?? "success",
    actor: { id: actor.accountId, userId: actor.userId, ...(actor.handle && { handle: actor.handle }) },
    subject,
    ip: actor.clientAddress,
    userAgent: actor.userAgent,
    requestId: actor.requestId,
    ...(reason && { reason }),
    before: change.before,
    after: change.after,
  }
}

/** The same once more, as of now: what a replay has done again of an event that stays where it is. */
export function repeated(runtime: Runtime, event: AuditItem): AuditItem {
  const stamped = stamp(runtime, event.PK.slice(auditPrefix.length))
  return { ...event, ...stamped, replayedAt: stamped.at }
}

/** Where an event of now stands, and its name. */
function stamp(runtime: Runtime, partition: string) {
  const at = runtime.now()
  const random = runtime.randomBytes(6)
  // A time id, and four more random bytes: an account can change many times in a millisecond.
  const id = encodeId(newId(at, random)) + Buffer.from(random.subarray(2)).toString("hex")
  return { ...auditKey(partition, id), ...auditListing(at, id, random[5] as number), id, at }
}

function subjectOf(change: Subject): { partition: string; subject: AuditItem["subject"] } {
  if ("team" in change)
    return { partition: `TEAM${change.team.key}`, subject: { id: 0, userId: `team:${change.team.key}` } }
  if ("datastore" in change) {
    const { id, name } = change.datastore
    return { partition: `DS${encodeId(id)}`, subject: { id, userId: `datastore:${name}` } }
  }
  if ("settings" in change) return { partition: settingsKey.PK, subject: { id: 0, userId: "settings" } }
  if ("refusals" in change) return { partition: "AUTH", subject: { id: 0, userId: "refusals" } }
  if ("review" in change) return { partition: "REVIEW", subject: { id: 0, userId: "access-review" } }
  if ("keyring" in change) return { partition: "KEYRING", subject: { id: 0, userId: "keyring" } }
  if ("signIn" in change) return { partition: "SIGNIN", subject: { id: 0, userId: "sign-in" } }
  const { account, handle } = change
  return {
    partition: `ACC${encodeId(account.id)}`,
    subject: { id: account.id, userId: account.userId, ...(handle && { handle }) },
  }
}
