import { updateToken } from "../../shared/store/tokens.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("user-tokens/update", async (runtime, { caller, scope, id, body }) => ({
  body: await updateToken(runtime, caller, scope, id, body),
}))
