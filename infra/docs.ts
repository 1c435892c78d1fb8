import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { openApiText } from "../shared/contract/openapi.ts"

/** Writes docs/openapi.json. Committed, so that a change of the API shows in a review; a test fails when it differs. */
writeFileSync(join(import.meta.dirname, "../docs/openapi.json"), openApiText())
