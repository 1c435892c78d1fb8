import { listPersonalTokens } from "../../shared/store/token-lists.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("user-tokens/list", async (runtime, { caller, scope, page, query }) => ({
  body: await listPersonalTokens(runtime, caller, scope, page, query),
}))
