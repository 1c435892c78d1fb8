import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { asyncApiText } from "../shared/contract/asyncapi.ts"
import { openApiText } from "../shared/contract/openapi.ts"

/** Writes the two documents. Committed, so that a change of the API shows in a review; a test fails when one differs. */
const documents = { "openapi.json": openApiText, "asyncapi.json": asyncApiText }
for (const [file, text] of Object.entries(documents)) writeFileSync(join(import.meta.dirname, "../docs", file), text())
