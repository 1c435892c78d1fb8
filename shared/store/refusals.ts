import type { Runtime } from "../runtime.ts"
import type { Actor } from "./audit.ts"

export async function watchRefusals(
  _runtime: Runtime,
  _actor: Actor,
  _lines: readonly { id: string; message: string }[],
): Promise<number> {
  return 0
}
