import { listServiceTokens } from "../../shared/store/token-lists.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("user-tokens/list-service", async (runtime, { page, query }) => ({
  body: await listServiceTokens(runtime, page, query),
}))
