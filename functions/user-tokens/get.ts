import { getToken } from "../../shared/store/tokens.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("user-tokens/get", async (runtime, { caller, scope, id }) => ({
  body: await getToken(runtime, caller, scope, id),
}))
