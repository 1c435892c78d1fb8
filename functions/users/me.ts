import { getCaller } from "../../shared/store/me.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("users/me", async (runtime, { caller }) => ({ body: await getCaller(runtime, caller) }))
