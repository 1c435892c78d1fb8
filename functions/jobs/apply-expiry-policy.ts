import { system } from "../../shared/store/audit.ts"
import { applyExpiryPolicy } from "../../shared/store/expiry-policy.ts"
import { job } from "../job.ts"

/** Whatever started it, a change of the settings or the day: it looks at every token, and so may be late, or run twice at once. */
export const handler = job("apply-expiry-policy", async (runtime, _event: unknown, requestId) => ({
  shortened: await applyExpiryPolicy(runtime, system("apply-expiry-policy", requestId)),
}))
