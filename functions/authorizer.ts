import { authorizer, warmUp } from "./authorize.ts"
import { ports } from "./authorizer-ports.ts"

/**
 * The authorizer's Lambda: what `authorize.ts` decides, wired to AWS. One table call a request; one call to Secrets
 * Manager an execution environment (and one in ten minutes after). No SDK, no dependency, no undici: test/functions/authorizer-bundle.test.ts.
 */
// In INIT; a failure here is no failure yet, since the handler tries again.
await warmUp(ports).catch(() => {})

export const handler = authorizer(ports)
