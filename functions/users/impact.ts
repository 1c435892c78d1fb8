import { accountImpact } from "../../shared/store/impact.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("users/impact", async (runtime, { caller, scope, id }) => ({
  body: await accountImpact(runtime, caller, scope, id),
}))
