import { revokeTokens } from "../../shared/store/users.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("users/revoke-tokens", async (runtime, { caller, id, body }) => ({
  body: await revokeTokens(runtime, caller, id, body),
}))
