import { createToken } from "../../shared/store/tokens.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("user-tokens/create", async (runtime, { caller, scope, body, idempotency }) => {
  const token = await createToken(runtime, caller, scope, body, idempotency)
  return { body: token, location: `/api/user-tokens/${token.id}` }
})
