import type { Runtime } from "../runtime.ts"
import { parseUsageLine, type UsageLine } from "../token/usage-line.ts"
import { type Match, statusOf } from "../token/verdict.ts"
import { type Actor, audit, type Happened } from "./audit.ts"
import { Conflict, retrying } from "./dynamodb.ts"
import { inGroups } from "./groups.ts"
import { promotion } from "./promotion.ts"
import { dayMilliseconds } from "./settings.ts"
import { handleOfToken, latestNetwork } from "./shown-token.ts"
import { type Changes, type Condition, update, where } from "./steps.ts"
import { type AccountItem, accountKey, idleListing, type TokenItem, tokenKey } from "./table.ts"

/** What a batch of log lines says of one token, coalesced. */
export interface Usage {
  tokenId: number
  accountId: number
  /** Of the latest use, in epoch milliseconds. */
  usedAt: number
  /** Every network of the batch, with the time of its latest use. */
  networks: Record<string, number>
  /** Which of the token's secrets were used, by their generation: what a row calls current may have changed since. */
  secrets: Record<number, SecretUse>
  /** The digest under a newer key of the last secret that wants one (see `Rehash`): another one asks again at its next use. */
  rehash?: Rehash
}

interface SecretUse {
  firstAt: number
  lastAt: number
  /** Of the last use. */
  network: string
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
      secrets: {},
    }
    use.usedAt = Math.max(use.usedAt, line.at)
    use.networks[line.network] = Math.max(use.networks[line.network] ?? 0, line.at)
    use.secrets[line.generation] = withLine(use.secrets[line.generation], line)
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

const withLine = (known: SecretUse | undefined, { at, network }: UsageLine): SecretUse => ({
  firstAt: Math.min(at, known?.firstAt ?? at),
  ...(known && known.lastAt > at ? { lastAt: known.lastAt, network: known.network } : { lastAt: at, network }),
})

const mostNetworks = 16
const accountResolution = 3_600_000

/**
 * Records uses, in any order and as often as delivered. A token's `lastUsed` only moves forward, and a row that is gone
 * stays gone: never an upsert, or a late record would leave a ghost. Not a mutation for the audit trail, which the
 * authorizer's log is; but a network that is new to a token is an event. Leaves `version` alone.
 */
export async function recordUsage(runtime: Runtime, actor: Actor, uses: readonly Usage[]): Promise<void> {
  const rows = await runtime.table.batchGet<TokenItem>(uses.map((use) => tokenKey(use.tokenId)))
  const tokens = new Map(rows.map((row) => [row.id, row]))
  const known = uses.filter((use) => tokens.get(use.tokenId)?.accountId === use.accountId)
  await inGroups(known, async (use) => {
    await recordTokenUse(runtime, actor, tokens.get(use.tokenId), use)
    if (use.rehash) await rehash(runtime, use.tokenId, use.rehash)
  })
  const latest = new Map<number, number>()
  for (const { accountId, usedAt } of known) latest.set(accountId, Math.max(usedAt, latest.get(accountId) ?? 0))
  await inGroups([...latest], ([accountId, usedAt]) => recordAccountUse(runtime, accountId, usedAt))
}

/** `token` is the row as it was read last; who has changed it since makes us read it again, and see what is left to record. */
const recordTokenUse = (runtime: Runtime, actor: Actor, read: TokenItem | undefined, use: Usage): Promise<void> => {
  let token = read
  return retrying(async () => {
    token ??= await runtime.table.get<TokenItem>(tokenKey(use.tokenId))
    const seen = token
    token = undefined
    if (!seen) return
    const account = mayBeNews(seen, use) ? await runtime.table.get<AccountItem>(accountKey(seen.accountId)) : undefined
    const record = recordOf(seen, account, use, runtime.now())
    if (!record) return
    const { changes, condition, happened } = record
    const lost = () => new Conflict("used or changed meanwhile")
    if (!account || happened.length === 0) {
      if (!(await runtime.table.update(tokenKey(seen.id), changes, condition))) throw lost()
      return
    }
    const handle = handleOfToken(seen)
    await runtime.table.transact([
      update(tokenKey(seen.id), changes, condition, lost),
      ...happened.map((one) => audit(runtime, actor, { ...one, account, handle })),
    ])
  })
}

/** Networks that the row will know from now on, and hasn't; none for a use that is older than all that it keeps. */
function newNetworks(token: TokenItem, use: Usage): string[] {
  const kept = recent(token.networks, use.networks)
  return Object.keys(use.networks).filter((network) => network in kept && !(network in token.networks))
}

/**
 * Whether new networks are news: not those of a first use; nor those of a token that roams, whose row forgets a network
 * within a day of its use: it would be news with each request.
 */
function areNews({ lastUsed, networks }: TokenItem, unseen: readonly string[], usedAt: number): boolean {
  const seen = Object.values(networks)
  const roams = seen.length >= mostNetworks && Math.min(...seen) > usedAt - dayMilliseconds
  return unseen.length > 0 && lastUsed !== undefined && !roams
}

const waitsFor = ({ pending }: TokenItem, use: Usage): SecretUse | undefined =>
  pending && use.secrets[pending.generation]

const mayBeNews = (token: TokenItem, use: Usage): boolean =>
  waitsFor(token, use) !== undefined || areNews(token, newNetworks(token, use), use.usedAt)

/**
 * What a use adds to a row, and what of it is news; undefined: the row knows it all. Without its account a token has no place in the
 * trail, and so no news.
 */
function recordOf(token: TokenItem, account: AccountItem | undefined, use: Usage, now: number) {
  const { usedAt, networks } = use
  const isLater = usedAt > (token.lastUsed ?? 0)
  const unseen = newNetworks(token, use)
  // A rotation lifts no token that is revoked, expired or of an inactive account.
  const first = account && statusOf(token, account, now) === "active" ? waitsFor(token, use) : undefined
  const promoted = first && promotion(token, first.firstAt)
  const late = promoted ? lastOfOld(token, use) : laterOfPrevious(token, use)
  if (!isLater && unseen.length === 0 && !promoted && !late) return undefined
  const changes: Changes = {
    set: {
      networks: recent(token.networks, networks),
      ...(isLater && { lastUsed: usedAt }),
      ...(isLater && token.type !== "Session" && idleListing(token.id, usedAt)),
      ...promoted?.changes.set,
      ...late,
    },
    remove: [...(isLater ? ["flaggedAt"] : []), ...(promoted?.changes.remove ?? [])],
    ...(promoted?.changes.add && { add: promoted.changes.add }),
  }
  const isNews = account && areNews(token, unseen, usedAt)
  const happened: Happened[] = [
    ...(promoted ? [promoted.happened] : []),
    ...(isNews ? [{ action: "token.new-network", before: {}, after: { networks: unseen } } as const] : []),
  ]
  return { changes, condition: both(sameUse(token), promoted?.condition), happened }
}

/** The old secret's last use before the new one's first: of this batch, or as the row knows it. */
function lastOfOld(token: TokenItem, use: Usage): Partial<TokenItem> {
  const old = use.secrets[token.current.generation]
  if (old && old.lastAt >= (token.lastUsed ?? 0)) return { previousLastUsed: old.lastAt, previousNetwork: old.network }
  return { previousLastUsed: token.lastUsed, previousNetwork: latestNetwork(token.networks) }
}

/** A use of the old secret in the overlap, or one before it that comes late. */
function laterOfPrevious({ previous, previousLastUsed = 0 }: TokenItem, use: Usage): Partial<TokenItem> | undefined {
  const old = previous && use.secrets[previous.generation]
  return old && old.lastAt > previousLastUsed
    ? { previousLastUsed: old.lastAt, previousNetwork: old.network }
    : undefined
}

const both = (one: Condition, other: Condition | undefined): Condition =>
  other ? where(`${one.expression} AND ${other.expression}`, { ...one.values, ...other.values }) : one

/** That nobody has recorded a use since: two that wrote their networks over each other's would make one of them news again. */
function sameUse({ lastUsed, networks }: TokenItem): Condition {
  const use = lastUsed === undefined ? "attribute_not_exists(#lastUsed)" : "#lastUsed = :lastUsed"
  return where(`#networks = :networks AND ${use}`, { networks, ...(lastUsed !== undefined && { lastUsed }) })
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

/** The latest sixteen of both, each with the time of its latest use. */
function recent(known: Record<string, number>, used: Record<string, number>): Record<string, number> {
  const all = new Map(Object.entries(known))
  for (const [network, at] of Object.entries(used)) all.set(network, Math.max(at, all.get(network) ?? 0))
  return Object.fromEntries([...all].sort(([, a], [, b]) => b - a).slice(0, mostNetworks))
}
