import { completeRotation } from "../../shared/store/rotation.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("user-tokens/rotate-complete", async (runtime, { caller, scope, id, body }) => ({
  body: await completeRotation(runtime, caller, scope, id, body),
}))
