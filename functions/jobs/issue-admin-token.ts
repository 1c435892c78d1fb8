import { system } from "../../shared/store/audit.ts"
import { issueAdminToken } from "../../shared/store/tokens.ts"
import { adminEvent } from "../admin-event.ts"
import { job } from "../job.ts"
import { parsed } from "../validation.ts"

/** Hands an operator a personal token of an active administrator. Who may invoke this Lambda is IAM's to say. */
export const handler = job("issue-admin-token", async (runtime, event: unknown, requestId) => {
  const { email } = parsed(adminEvent, event)
  const { adminTokenHours: hours } = runtime.stage
  const now = runtime.now()
  const expiresAt = hours === undefined ? undefined : Math.floor(now / 1000 + hours * 3600) * 1000
  const name = `operator ${new Date(now).toISOString()}`
  return issueAdminToken(runtime, system("issue-admin-token", requestId), email, name, expiresAt)
})
