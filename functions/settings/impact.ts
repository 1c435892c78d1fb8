import { listShortened } from "../../shared/store/expiry-policy.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("settings/impact", async (runtime, { page, query }) => ({
  body: await listShortened(runtime, page, query),
}))
