import { startRotation } from "../../shared/store/rotation.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("user-tokens/rotate", async (runtime, { caller, scope, id, body, idempotency }) => ({
  body: await startRotation(runtime, caller, scope, id, body, idempotency),
}))
