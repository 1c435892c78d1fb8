import { signOut } from "../../shared/store/sign-in.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("sign-in/delete", async (runtime, { caller, query }) => {
  await signOut(runtime, caller, query.reason)
  return { body: undefined }
})
