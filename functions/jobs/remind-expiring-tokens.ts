import { system } from "../../shared/store/audit.ts"
import { remindExpiringTokens } from "../../shared/store/reminders.ts"
import { job } from "../job.ts"

/** May be late, and run twice at once: each token remembers what it was reminded of. */
export const handler = job("remind-expiring-tokens", async (runtime, _event: unknown, requestId) => ({
  reminded: await remindExpiringTokens(runtime, system("remind-expiring-tokens", requestId)),
}))
