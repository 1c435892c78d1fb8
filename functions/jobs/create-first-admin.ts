import { firstAdminEvent } from "../../shared/contract/operators.ts"
import { system } from "../../shared/store/audit.ts"
import { createFirstAdmin } from "../../shared/store/users.ts"
import { orCustomResource } from "../custom-resource.ts"
import { job } from "../job.ts"
import { parsed } from "../validation.ts"

/** Makes the stage's first administrator, while there has never been one; `created: false`, and nothing done, after. */
export const handler = job("create-first-admin", (runtime, event: unknown, requestId) =>
  orCustomResource(runtime, event, async (wanted) => {
    const { email } = parsed(firstAdminEvent, wanted)
    return { created: await createFirstAdmin(runtime, system("create-first-admin", requestId), email) }
  }),
)
