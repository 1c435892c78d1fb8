import { system } from "../../shared/store/audit.ts"
import { createFirstAdmin } from "../../shared/store/users.ts"
import { adminEvent } from "../admin-event.ts"
import { job } from "../job.ts"
import { parsed } from "../validation.ts"

/** Makes the stage's first administrator, while there has never been one; `created: false`, and nothing done, after. */
export const handler = job("create-first-admin", async (runtime, event: unknown, requestId) => {
  const { email } = parsed(adminEvent, event)
  return { created: await createFirstAdmin(runtime, system("create-first-admin", requestId), email) }
})
