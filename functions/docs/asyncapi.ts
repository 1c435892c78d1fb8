import document from "../../docs/asyncapi.json" with { type: "json" }
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("docs/asyncapi", async () => ({ body: document }))
