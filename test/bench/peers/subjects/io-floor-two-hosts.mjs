import { askSecrets, askTable } from "./constant-request.mjs"
import { policy } from "./job.mjs"

/** The calls that our authorizer makes, and nothing else: both hosts in INIT, then the table. */
await Promise.all([askSecrets(), askTable()])

export async function handler(event) {
  await askTable()
  return policy("Allow", event, "x", {})
}
