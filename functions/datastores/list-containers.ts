import { listContainers } from "../../shared/store/datastores.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("datastores/list-containers", async (runtime, { caller, id, page, query }) => ({
  body: await listContainers(runtime, caller, id, page, query),
}))
