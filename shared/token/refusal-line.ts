import { networkOf } from "./network.ts"

/** The event of the authorizer's log line about a refused credential, which the subscription filter of `watch-refusals` picks. */
const refusedEvent = "token.refused"

export interface Refusal {
  /** Epoch milliseconds. */
  at: number
  /** From which it came: /24, or /48. */
  network: string
  /** As it was proven, or only claimed; absent when the credential had none. */
  handle?: string
}

const shape = /^sym(?:svc|usr|ses)_[0-9A-Za-z]{18}$/

/** Reads one line. Undefined for everything that the authorizer didn't write as such a line, as in `parseUsageLine`. */
export function parseRefusalLine(text: string): Refusal | undefined {
  let line: Record<string, unknown> | null | undefined
  try {
    line = JSON.parse(text)
  } catch {
    // What is no JSON has no event.
  }
  if (line?.event !== refusedEvent) return undefined
  const { at, ip, handle = line.claimedHandle } = line
  if (!Number.isSafeInteger(at) || (at as number) <= 0 || typeof ip !== "string" || ip.length > 45) return undefined
  const known = typeof handle === "string" && shape.test(handle) ? { handle } : {}
  return { at: at as number, network: networkOf(ip), ...known }
}
