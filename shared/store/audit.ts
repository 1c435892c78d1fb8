import type { Runtime } from "../runtime.ts"
import { encodeId, newId } from "../token/format.ts"
import { absent, put, type Step } from "./dynamodb.ts"
import { type AuditItem, auditKey, auditListing } from "./table.ts"

/** Who changes something, and from where: an account with the token it used, or the system itself. */
export interface Actor {
  accountId: number
  userId: string
  handle?: string
  clientAddress: string
  userAgent: string
  requestId: string
}

/** The author of what jobs do. */
export const system = (job: string, requestId: string): Actor => ({
  accountId: 0,
  userId: `system:${job}`,
  clientAddress: "",
  userAgent: "",
  requestId,
})

export type AuditAction =
  | "account.created"
  | "account.updated"
  | "account.deactivated"
  | "account.reactivated"
  | "account.tokens-revoked"
  | "token.created"
  | "token.updated"
  | "token.revoked"
  | "token.restored"
  | "token.deleted"

interface Change {
  action: AuditAction
  /** The account that changed, or whose token did. */
  account: { id: number; userId: string }
  handle?: string
  reason?: string | undefined
  /** Only what changed, and never a digest. */
  before: Record<string, unknown>
  after: Record<string, unknown>
}

/**
 * The audit event of a mutation: the last step of its transaction, so that a change without its event does not happen.
 * Events are only ever added. IAM denies every function to update or delete one, and this condition to overwrite one.
 */
export function audit(runtime: Runtime, actor: Actor, change: Change): Step {
  const at = runtime.now()
  const random = runtime.randomBytes(6)
  // A time id, and four more random bytes: an account can change many times in a millisecond.
  const id = encodeId(newId(at, random)) + Buffer.from(random.subarray(2)).toString("hex")
  const { handle, account, reason } = change
  const item: AuditItem = {
    ...auditKey(`ACC${encodeId(account.id)}`, id),
    ...auditListing(at, id, random[5] as number),
    id,
    at,
    action: change.action,
    outcome: "success",
    actor: { id: actor.accountId, userId: actor.userId, ...(actor.handle && { handle: actor.handle }) },
    subject: { id: account.id, userId: account.userId, ...(handle && { handle }) },
    ip: actor.clientAddress,
    userAgent: actor.userAgent,
    requestId: actor.requestId,
    ...(reason && { reason }),
    before: change.before,
    after: change.after,
  }
  return put(item, absent, () => new Error("an audit event of this id exists"))
}
