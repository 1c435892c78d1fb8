import { createDatastore } from "../../shared/store/datastores.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("datastores/create", async (runtime, { caller, body }) => {
  const datastore = await createDatastore(runtime, caller, body)
  return { body: datastore, location: `/api/datastores/${datastore.id}` }
})
