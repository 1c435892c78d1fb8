import { getDatastore } from "../../shared/store/datastores.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("datastores/get", async (runtime, { caller, id }) => ({
  body: await getDatastore(runtime, caller, id),
}))
