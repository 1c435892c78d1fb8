import { createHash } from "node:crypto"
import type { Runtime } from "../runtime.ts"
import { parseRefusalLine, type Refusal } from "../token/refusal-line.ts"
import { type Actor, audit } from "./audit.ts"
import { Conflict, retrying } from "./dynamodb.ts"
import { instantOf } from "./instants.ts"
import { absent, put, type Step, update, where } from "./steps.ts"
import { type BurstsItem, type RefusalsItem, refusalsKey } from "./table.ts"

/** So many refusals in five minutes, by the clock, are a burst: one every three seconds, which nobody types. */
export const burst = 100
const windowMilliseconds = 300_000
/** Networks share that many rows by their hash. The rows are used again and again, so that no flood can fill the table. */
const buckets = 256
/** Of networks and handles, in an event. */
const mostNamed = 10
/** Bursts that are told of in five minutes: more of them say no more, and would bury the other mails. */
const mostTold = 5

interface Line {
  /** CloudWatch's own: the same whenever the line is delivered. */
  id: string
  message: string
}

/**
 * Counts the refusals of each five minutes by network, and tells of a burst once, with its event. Lines may come twice and in any
 * order: a row knows those that it has counted, up to a burst. Of very many bursts at once it tells of the first few. Answers how many bursts it has told of.
 */
export async function watchRefusals(runtime: Runtime, actor: Actor, lines: readonly Line[]): Promise<number> {
  const refusals = lines.flatMap(({ id, message }) => {
    const refusal = parseRefusalLine(message)
    return refusal
      ? [{ ...refusal, id: shortened(id), since: startOf(refusal.at), bucket: bucketOf(refusal.network) }]
      : []
  })
  const groups = Map.groupBy(refusals, ({ bucket, since }) => `${bucket} ${since}`)
  const told = await Promise.all([...groups.values()].map((group) => count(runtime, actor, group)))
  return told.filter(Boolean).length
}

interface Counted extends Refusal {
  id: string
  since: number
  bucket: number
}

const startOf = (instant: number): number => Math.floor(instant / windowMilliseconds) * windowMilliseconds
const hash = (text: string): Buffer => createHash("sha256").update(text).digest()
const shortened = (id: string): string => hash(id).subarray(0, 8).toString("base64url")
const bucketOf = (network: string): number => (hash(network)[0] as number) % buckets

/** Refusals of one bucket and of one window. True when they make a burst of it, which nobody has told of. */
const count = (runtime: Runtime, actor: Actor, refusals: readonly Counted[]): Promise<boolean> =>
  retrying(async () => {
    const [{ bucket, since }] = refusals as [Counted]
    const key = refusalsKey(bucket, since / windowMilliseconds)
    const row = await runtime.table.get<RefusalsItem>(key)
    // Of a window that is over, or of a burst that is known, no more is kept.
    if (row && (row.since > since || (row.since === since && row.reported))) return false
    const known = row?.since === since ? row : { lines: [], networks: [], handles: [] }
    const lines = distinct(
      known.lines,
      refusals.map(({ id }) => id),
    )
    if (lines.length === known.lines.length) return false
    const networks = distinct(
      known.networks,
      refusals.map(({ network }) => network),
    ).slice(0, mostNamed)
    const handles = distinct(
      known.handles,
      refusals.flatMap(({ handle }) => handle ?? []),
    ).slice(0, mostNamed)
    const version = (row?.version ?? 0) + 1
    const set = { since, version, networks, handles }
    const condition = row ? where("#version = :version", { version: row.version }) : absent
    const lost = () => new Conflict("counted meanwhile")
    if (lines.length < burst) {
      if (!(await runtime.table.update(key, { set: { ...set, lines, reported: false } }, condition))) throw lost()
      return false
    }
    // What was counted is told, and need not be known any more.
    const reported = { set: { ...set, lines: [], reported: true } }
    const toldOf = await tell(runtime, since)
    if (!toldOf) {
      if (!(await runtime.table.update(key, reported, condition))) throw lost()
      return false
    }
    await runtime.table.transact([
      update(key, reported, condition, lost),
      toldOf,
      audit(runtime, actor, {
        action: "auth.failed-burst",
        refusals: true,
        before: {},
        after: { refused: lines.length, since: instantOf(since), networks, handles },
      }),
    ])
    return true
  })

/** The step that counts a burst among those of its five minutes; undefined when enough were told of. */
async function tell(runtime: Runtime, since: number): Promise<Step | undefined> {
  const key = refusalsKey("stage", since / windowMilliseconds)
  const row = await runtime.table.get<BurstsItem>(key)
  const told = row?.since === since ? row.told : 0
  if (told >= mostTold) return undefined
  const condition = row ? where("#since = :since AND #told = :told", { since: row.since, told: row.told }) : absent
  const next: BurstsItem = { ...key, since, told: told + 1 }
  return put(next, condition, () => new Conflict("another burst was told of meanwhile"))
}

const distinct = (known: readonly string[], more: readonly string[]): string[] => [...new Set([...known, ...more])]
