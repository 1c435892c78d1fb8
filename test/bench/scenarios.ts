import { bundle } from "./b0-bundle.ts"
import { cold } from "./b1-cold.ts"
import { coldPeers } from "./b2-cold-peers.ts"
import { first } from "./b3-first.ts"
import { handler } from "./b4-handler.ts"
import { endToEnd } from "./b5-end-to-end.ts"
import { paced } from "./b6-paced.ts"
import { revoke } from "./b7-revoke.ts"
import { lastUsed } from "./b8-last-used.ts"
import { growth } from "./b9-growth.ts"
import { endpointsCold } from "./e1-endpoints.ts"
import { load } from "./e2-load.ts"
import type { Scenario } from "./scenario.ts"
import { timing } from "./t1-timing.ts"

/** In the order in which they are run and printed. */
export const scenarios: readonly Scenario[] = [
  ...[bundle, cold, coldPeers, first, handler],
  ...[endToEnd, paced, revoke, lastUsed],
  ...[timing, endpointsCold, load, growth],
]
