import { deleteToken } from "../../shared/store/tokens.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("user-tokens/delete", async (runtime, { caller, scope, id, query }) => {
  await deleteToken(runtime, caller, scope, id, query.reason)
  return { body: undefined }
})
