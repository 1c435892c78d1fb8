import { listUsers } from "../../shared/store/users.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("users/list", async (runtime, { page, query }) => ({
  body: await listUsers(runtime, page, query),
}))
