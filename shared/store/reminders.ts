import type { Runtime } from "../runtime.ts"
import type { Actor } from "./audit.ts"

export async function remindExpiringTokens(_runtime: Runtime, _actor: Actor): Promise<number> {
  return 0
}
