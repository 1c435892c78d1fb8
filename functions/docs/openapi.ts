import document from "../../docs/openapi.json" with { type: "json" }
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("docs/openapi", async () => ({ body: document }))
