import type { Runtime } from "../runtime.ts"
import type { Actor } from "./audit.ts"

export async function sweepUnusedTokens(_runtime: Runtime, _actor: Actor) {
  return { flagged: 0 }
}
