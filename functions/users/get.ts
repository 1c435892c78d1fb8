import { getUser } from "../../shared/store/users.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("users/get", async (runtime, { id }) => {
  const { user, etag } = await getUser(runtime, id)
  return { body: user, etag }
})
