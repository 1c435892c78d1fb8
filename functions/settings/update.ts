import { updateSettings } from "../../shared/store/policy.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("settings/update", async (runtime, { caller, body, ifMatch }) => {
  const { settings, etag } = await updateSettings(runtime, caller, body, ifMatch)
  return { body: settings, etag }
})
