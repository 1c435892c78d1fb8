import { createContainer } from "../../shared/store/datastores.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("datastores/create-container", async (runtime, { caller, id, body }) => ({
  body: await createContainer(runtime, caller, id, body),
}))
