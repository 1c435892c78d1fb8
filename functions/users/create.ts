import { createUser } from "../../shared/store/users.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("users/create", async (runtime, { caller, body, idempotency }) => {
  const { user, etag } = await createUser(runtime, caller, body, idempotency)
  return { body: user, etag, location: `/api/users/${user.id}` }
})
