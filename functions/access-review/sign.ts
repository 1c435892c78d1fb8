import { signReview } from "../../shared/store/review.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("access-review/sign", async (runtime, { caller, body }) => ({
  body: await signReview(runtime, caller, body),
}))
