import type { AuditEvent } from "../contract/objects.ts"
import type { AuditItem } from "./table.ts"

/** An audit event as the API shows it, and as it is published. */
export const showEvent = (item: AuditItem): AuditEvent => ({
  id: item.id,
  at: new Date(item.at).toISOString(),
  action: item.action,
  outcome: item.outcome,
  actor: shownParty(item.actor),
  subject: shownParty(item.subject),
  ip: item.ip,
  user_agent: item.userAgent,
  request_id: item.requestId,
  reason: item.reason ?? null,
  before: item.before,
  after: item.after,
})

const shownParty = ({ id, userId, handle }: AuditItem["actor"]) => ({ id, user_id: userId, handle: handle ?? null })
