import type { Query } from "../contract/endpoints.ts"
import { invalid, Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { decodeTime, encodeId, newId } from "../token/format.ts"
import { type PageRequest, pagesOf, readPage, rowId, type Source } from "./pages.ts"
import { dayMilliseconds } from "./settings.ts"
import { showEvent } from "./shown-event.ts"
import { type AuditItem, auditKey, auditListing, auditShards, type IdentityItem, userIdKey } from "./table.ts"

/** The audit trail, read. What writes it is audit.ts. */

const mostDays = 31

/**
 * A page of audit events, newest first: of one account, or of all, then within 31 days. `from` is inclusive, `to` exclusive;
 * without them the last 31 days. Throws not-found for a user_id that never was, validation-failed.
 */
export async function listAuditEvents(runtime: Runtime, request: PageRequest, query: Query<"audit-events/list">) {
  const to = query.to === undefined ? undefined : Date.parse(query.to)
  const until = to ?? runtime.now() + 1
  const from = query.from === undefined ? undefined : Date.parse(query.from)
  const since = from ?? (query.user_id === undefined ? until - mostDays * dayMilliseconds : 0)
  if (since > until) throw invalid({ pointer: "/from", detail: "must not be later than to" })
  if (query.user_id === undefined && until - since > mostDays * dayMilliseconds)
    throw invalid({ pointer: "/from", detail: `must be at most ${mostDays} days before to, without user_id` })

  const known = new Map<string, AuditItem>()
  const range = { least: timeId(since), most: timeId(until) }
  const source =
    query.user_id === undefined
      ? daySource(runtime, range)
      : accountSource(runtime, await accountIdOf(runtime, query.user_id), range, known)
  const { rows, nextCursor } = await readPage(runtime, request, [source], async (keys) => {
    const missing = keys.filter((key) => !known.has(rowId(key)))
    for (const item of await runtime.table.batchGet<AuditItem>(missing)) known.set(rowId(item), item)
    return new Map(
      keys.flatMap((key) => {
        const item = known.get(rowId(key))
        return item && (query.action === undefined || item.action === query.action) ? [[rowId(key), item] as const] : []
      }),
    )
  })
  return { items: rows.map(showEvent), next_cursor: nextCursor }
}

/** Every audit event from one instant (inclusive) to another (exclusive), however far apart, newest first. */
export async function* eventsBetween(runtime: Runtime, from: number, to: number): AsyncGenerator<AuditItem[]> {
  for await (const keys of pagesOf(daySource(runtime, { least: timeId(from), most: timeId(to) })))
    yield await runtime.table.batchGet<AuditItem>(keys)
}

/** Also of an account that is gone: its trail isn't. */
async function accountIdOf(runtime: Runtime, userId: string): Promise<number> {
  const guard = await runtime.table.get<IdentityItem>(userIdKey(userId))
  if (!guard) throw new Problem("not-found")
  return guard.accountId
}

interface Range {
  least: string
  most: string
}

/** The first id that an event of this instant can have. Ids are from 2025 to 2094: what is asked of other times has none. */
const timeId = (instant: number): string =>
  encodeId(Math.min(Math.max(0, newId(instant, new Uint8Array(2))), Number.MAX_SAFE_INTEGER))

const accountSource =
  (runtime: Runtime, accountId: number, { least, most }: Range, known: Map<string, AuditItem>): Source =>
  async (after, limit) => {
    const { PK } = auditKey(`ACC${encodeId(accountId)}`, "")
    const rows = await runtime.table.queryDown<AuditItem>({ partition: PK, least, most, after, limit })
    for (const row of rows) known.set(rowId(row), row)
    return rows.map(({ PK, SK }) => ({ PK, SK, at: SK }))
  }

/** All events by day, from the last one down: eight shards of a day at once, merged. */
const daySource =
  (runtime: Runtime, { least, most }: Range): Source =>
  async (after, limit) => {
    const found: Awaited<ReturnType<Source>> = []
    const upper = after ?? most
    const lastDay = startOfDay(decodeTime(least))
    for (let day = startOfDay(decodeTime(upper)); day >= lastDay && found.length < limit; day -= dayMilliseconds) {
      const shards = Array.from({ length: auditShards }, (_, shard) => auditListing(day, "", shard).listPK)
      const pages = await Promise.all(
        shards.map((partition) => runtime.table.queryIndex({ index: "list", partition, after: upper, limit })),
      )
      const ofDay = pages.flat().filter(({ at }) => at >= least)
      found.push(...ofDay.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, limit - found.length))
    }
    return found
  }

const startOfDay = (instant: number): number => Math.floor(instant / dayMilliseconds) * dayMilliseconds
