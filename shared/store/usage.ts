import type { Runtime } from "../runtime.ts"
import { parseUsageLine } from "../token/usage-line.ts"
import type { Match } from "../token/verdict.ts"
import { where } from "./steps.ts"
import { type AccountItem, accountKey, idleListing, type TokenItem, tokenKey } from "./table.ts"

/** What a batch of log lines says of one token, coalesced. */
export interface Usage {
  tokenId: number
  accountId: number
  /** Of the latest use, in epoch milliseconds. */
  usedAt: number
  /** Every network of the batch, with the time of its latest use. */
  networks: Record<string, number>
  /** The current secret's digest under a newer key: see `Rehash`. */
  rehash?: Rehash
}

/** After a key was added, a use proves the secret anew, so its digest can move to the new key. */
export interface Rehash {
  match: Match
  generation: number
  fromKeyPath: string
  toKeyPath: string
  digest: Uint8Array
}

/** Log lines, in any order and perhaps twice, as one use of each token. What isn't a usage line is left out. */
export function coalesce(lines: readonly string[]): Usage[] {
  const uses = new Map<number, Usage>()
  for (const text of lines) {
    const line = parseUsageLine(text)
    if (!line) continue
    const use = uses.get(line.tokenId) ?? {
      tokenId: line.tokenId,
      accountId: line.accountId,
      usedAt: 0,
      networks: {},
    }
    use.usedAt = Math.max(use.usedAt, line.at)
    use.networks[line.network] = Math.max(use.networks[line.network] ?? 0, line.at)
    if (line.rehash)
      use.rehash = {
        match: line.matched,
        generation: line.generation,
        fromKeyPath: line.rehash.fromKeyPath,
        toKeyPath: line.rehash.toKeyPath,
        digest: Buffer.from(line.rehash.digest, "base64"),
      }
    uses.set(line.tokenId, use)
  }
  return [...uses.values()]
}

const mostNetworks = 16
const updatesAtOnce = 20
const accountResolution = 3_600_000

/**
 * Records uses, in any order and as often as delivered. A token's `lastUsed` only moves forward, and a row that is gone
 * stays gone: never an upsert, or a late record would leave a ghost. Not a mutation for the audit trail, which the
 * authorizer's log is. Leaves `version` alone.
 */
export async function recordUsage(runtime: Runtime, uses: readonly Usage[]): Promise<void> {
  const rows = await runtime.table.batchGet<TokenItem>(uses.map((use) => tokenKey(use.tokenId)))
  const tokens = new Map(rows.map((row) => [row.id, row]))
  const known = uses.filter((use) => tokens.get(use.tokenId)?.accountId === use.accountId)
  await inGroups(known, async (use) => {
    await recordTokenUse(runtime, tokens.get(use.tokenId) as TokenItem, use)
    if (use.rehash) await rehash(runtime, use.tokenId, use.rehash)
  })
  const latest = new Map<number, number>()
  for (const { accountId, usedAt } of known) latest.set(accountId, Math.max(usedAt, latest.get(accountId) ?? 0))
  await inGroups([...latest], ([accountId, usedAt]) => recordAccountUse(runtime, accountId, usedAt))
}

async function inGroups<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < all.length; start += updatesAtOnce)
    await Promise.all(all.slice(start, start + updatesAtOnce).map(act))
}

async function recordTokenUse(runtime: Runtime, token: TokenItem, use: Usage): Promise<void> {
  const idle = token.type === "Session" ? {} : idleListing(token.id, use.usedAt)
  await runtime.table.update(
    tokenKey(token.id),
    {
      set: { lastUsed: use.usedAt, networks: recent({ ...token.networks, ...use.networks }), ...idle },
      remove: ["flaggedAt"],
    },
    where("attribute_exists(#PK) AND (attribute_not_exists(#lastUsed) OR #lastUsed < :usedAt)", {
      usedAt: use.usedAt,
    }),
  )
}

/** The account's own `lastUsed` is for people, and hot: at most hourly. */
async function recordAccountUse(runtime: Runtime, accountId: number, usedAt: number): Promise<void> {
  const condition = where("attribute_exists(#PK) AND (attribute_not_exists(#lastUsed) OR #lastUsed < :before)", {
    before: usedAt - accountResolution,
  })
  await runtime.table.update(
    accountKey(accountId),
    { set: { lastUsed: usedAt } satisfies Partial<AccountItem> },
    condition,
  )
}

/** Only while the row still holds the very digest that was proven: same key, same generation. */
async function rehash(runtime: Runtime, tokenId: number, change: Rehash): Promise<void> {
  const { match, generation, fromKeyPath, toKeyPath, digest } = change
  const condition = where(`#${match}.#keyPath = :from AND #${match}.#generation = :generation`, {
    from: fromKeyPath,
    generation,
  })
  const set = { [match]: { digest, keyPath: toKeyPath, generation } }
  await runtime.table.update(tokenKey(tokenId), { set }, condition)
}

/** The latest sixteen networks. */
const recent = (networks: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(networks)
      .sort(([, a], [, b]) => b - a)
      .slice(0, mostNetworks),
  )
