import * as z from "zod/mini"
import { syncChange, syncUserPool } from "../../shared/store/user-pool.ts"
import { job } from "../job.ts"
import { cognitoPool } from "../user-pool.ts"

const pool = cognitoPool(process.env)

/** Of an event about an account: whose it is, and the email that it had. A human that is gone is known by the first one, its user_id. */
const change = z.object({
  detail: z.object({
    subject: z.object({ id: z.int() }),
    before: z.object({ email: z.optional(z.nullable(z.string())), user_id: z.optional(z.string()) }),
  }),
})

/** Invites humans to the user pool, and disables them there. An event starts it for one account; anything else, such as the hour, for all. */
export const handler = job("sync-user-pool", async (runtime, event: unknown) => {
  const found = change.safeParse(event)
  if (!found.success) return syncUserPool(runtime, pool)
  const { subject, before } = found.data.detail
  return syncChange(runtime, pool, { id: subject.id, formerEmail: before.email ?? before.user_id })
})
