import page from "virtual:docs-page"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("docs/page", async () => ({ body: page }))
