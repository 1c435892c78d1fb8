import type { Match } from "./verdict.ts"

/** The event of a log line that asks for a record; every other accepted request is `token.verified`. */
export const usedEvent = "token.used"

/**
 * The authorizer's log line about an accepted request, which is all that it writes. The subscription filter picks the
 * lines with `"token.used"` and hands them to `record-usage`.
 */
export interface UsageLine {
  event: typeof usedEvent
  /** Epoch milliseconds. */
  at: number
  accountId: number
  tokenId: number
  network: string
  matched: Match
  generation: number
  /** The proven secret's digest under the key that mints now, when the row's is of an older one. */
  rehash?: { fromKeyPath: string; toKeyPath: string; digest: string }
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0
const isText = (value: unknown, most: number): value is string => typeof value === "string" && value.length <= most
const matches: readonly unknown[] = ["current", "pending", "previous"] satisfies Match[]

/**
 * Reads one line. Undefined for everything that the authorizer didn't write as such a line: the filter is a text match,
 * and a user agent can hold the term.
 */
export function parseUsageLine(text: string): UsageLine | undefined {
  let line: Partial<UsageLine> | null | undefined
  try {
    line = JSON.parse(text)
  } catch {
    // What is no JSON has no event.
  }
  if (line?.event !== usedEvent) return undefined
  const { at, accountId, tokenId, network, matched, generation, rehash } = line
  const sound =
    isId(at) && isId(accountId) && isId(tokenId) && isId(generation) && isText(network, 50) && matches.includes(matched)
  if (!sound || (rehash !== undefined && !isRehash(rehash))) return undefined
  return line as UsageLine
}

function isRehash(value: unknown): boolean {
  const { fromKeyPath, toKeyPath, digest } = (value ?? {}) as Record<string, unknown>
  const isDigest = typeof digest === "string" && /^[0-9A-Za-z+/]{43}=$/.test(digest)
  return isText(fromKeyPath, 40) && isText(toKeyPath, 40) && isDigest
}
