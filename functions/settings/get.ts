import { getSettings } from "../../shared/store/policy.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("settings/get", async (runtime) => {
  const { settings, etag } = await getSettings(runtime)
  return { body: settings, etag }
})
