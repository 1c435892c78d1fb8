import { listAuditEvents } from "../../shared/store/audit-log.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("audit-events/list", async (runtime, { page, query }) => ({
  body: await listAuditEvents(runtime, page, query),
}))
