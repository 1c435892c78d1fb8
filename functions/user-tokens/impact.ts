import { tokenImpact } from "../../shared/store/impact.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("user-tokens/impact", async (runtime, { caller, scope, id }) => ({
  body: await tokenImpact(runtime, caller, scope, id),
}))
