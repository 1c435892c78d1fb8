import { adminTokenEvent } from "../../shared/contract/operators.ts"
import { operator } from "../../shared/store/audit.ts"
import { issueAdminToken } from "../../shared/store/tokens.ts"
import { makeAdministrator } from "../../shared/store/users.ts"
import { provenIdentity } from "../caller-identity.ts"
import { job } from "../job.ts"
import { parsed } from "../validation.ts"

/**
 * Hands an operator a personal token of an active administrator, whom `promote` makes one first. Who may invoke this Lambda is
 * IAM's to say; who did is what the trail tells, as STS proves it.
 */
export const handler = job("issue-admin-token", async (runtime, event: unknown, requestId, functionArn) => {
  const { email, promote, proof } = parsed(adminTokenEvent, event)
  const { name: stageName, adminTokenHours: hours } = runtime.stage
  const now = runtime.now()
  const arn = await provenIdentity(proof, { stageName, functionArn, now, env: process.env })
  const actor = operator(arn, requestId)
  if (promote) await makeAdministrator(runtime, actor, email)
  const expiresAt = hours === undefined ? undefined : Math.floor(now / 1000 + hours * 3600) * 1000
  return issueAdminToken(runtime, actor, email, `operator ${new Date(now).toISOString()}`, expiresAt)
})
