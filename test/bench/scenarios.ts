import { cold } from "./b1-cold.ts"
import { coldPeers } from "./b2-cold-peers.ts"
import { first } from "./b3-first.ts"
import { endpointsCold } from "./e1-endpoints.ts"
import { load } from "./e2-load.ts"
import type { Scenario } from "./scenario.ts"

/** In the order in which they are run and printed. */
export const scenarios: readonly Scenario[] = [cold, coldPeers, first, endpointsCold, load]
