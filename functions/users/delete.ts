import { deleteUser } from "../../shared/store/deletion.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("users/delete", async (runtime, { caller, id, query }) => {
  await deleteUser(runtime, caller, id, query.reason)
  return { body: undefined, location: `/api/users/${id}` }
})
