import { warmUp } from "./authorize.ts"
import { ports } from "./authorizer-ports.ts"
import { httpAuthorizer } from "./http-authorize.ts"

/** The authorizer's Lambda for HTTP APIs of other teams: the same verdict, from another event (`http-authorize.ts`). */
// In INIT; a failure here is no failure yet, since the handler tries again.
await warmUp(ports).catch(() => {})

export const handler = httpAuthorizer(ports)
