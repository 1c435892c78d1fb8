import { updateUser } from "../../shared/store/users.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("users/update", async (runtime, { caller, id, body, ifMatch }) => {
  const { user, etag } = await updateUser(runtime, caller, id, body, ifMatch)
  return { body: user, etag }
})
