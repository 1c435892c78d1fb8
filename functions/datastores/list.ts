import { listDatastores } from "../../shared/store/datastores.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("datastores/list", async (runtime, { caller, page, query }) => ({
  body: await listDatastores(runtime, caller, page, query),
}))
