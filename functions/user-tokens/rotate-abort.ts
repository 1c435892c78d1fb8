import { abortRotation } from "../../shared/store/rotation.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("user-tokens/rotate-abort", async (runtime, { caller, scope, id, body }) => ({
  body: await abortRotation(runtime, caller, scope, id, body),
}))
