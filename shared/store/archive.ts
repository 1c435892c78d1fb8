import type { Runtime } from "../runtime.ts"
import { always, put } from "./steps.ts"
import { type AuditItem, auditPrefix, type Key, type MarkItem, markKey, markPrefix, shardNames } from "./table.ts"

/**
 * The audit archive: what the table's stream says of audit events, as lines of JSON in objects that nobody can change. A
 * line is an event; a mark, which says that the stream was flowing; or a trace of tampering.
 */
export type ArchiveLine = { event: AuditItem } | { mark: Mark } | { tampered: Tampered }

/** Written every few minutes to each of `markShards` rows: a gap in them is a gap in the archive. */
export interface Mark {
  shard: string
  at: number
}

/** An audit event that somebody changed or deleted, as it was before. */
export interface Tampered {
  change: "MODIFY" | "REMOVE"
  event: AuditItem
}

export interface Archive {
  /** The oldest first, each once. */
  events: AuditItem[]
  marks: Mark[]
  tampered: Tampered[]
}

/** A change of a row, as the table's stream tells it: before, after, or both. */
export interface RowChange {
  change: "INSERT" | "MODIFY" | "REMOVE"
  before?: Key & Record<string, unknown>
  after?: Key & Record<string, unknown>
}

/** The archive's line about a change; undefined when it is of no row that is archived. */
export function lineOf({ change, before, after }: RowChange): ArchiveLine | undefined {
  const { PK = "" } = after ?? before ?? {}
  if (PK.startsWith(markPrefix) && after)
    return { mark: { shard: PK.slice(markPrefix.length), at: (after as unknown as MarkItem).at } }
  if (!PK.startsWith(auditPrefix)) return undefined
  return change === "INSERT"
    ? { event: after as unknown as AuditItem }
    : { tampered: { change, event: before as unknown as AuditItem } }
}

/** Writes a mark to every shard, which the stream then carries to the archive. */
export const writeMarks = (runtime: Runtime): Promise<void> =>
  runtime.table.transact(
    shardNames().map((shard) =>
      put({ ...markKey(shard), at: runtime.now() }, always, () => new Error("unconditional")),
    ),
  )

export const writeLines = (lines: readonly ArchiveLine[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join("")

/**
 * Reads objects of the archive, by name. Throws for a line that isn't one, and names it: what is half understood must not
 * decide who gets in.
 */
export function readArchive(objects: Iterable<readonly [name: string, text: string]>): Archive {
  const events = new Map<string, AuditItem>()
  const marks: Mark[] = []
  const tampered: Tampered[] = []
  for (const [name, text] of objects)
    for (const [index, line] of text.split("\n").entries()) {
      if (line === "") continue
      const read = readLine(line)
      if (!read) throw new Error(`line ${index + 1} of ${name} is not one of the audit archive's`)
      if ("event" in read) events.set(`${read.event.PK} ${read.event.SK}`, read.event)
      else if ("mark" in read) marks.push(read.mark)
      else tampered.push(read.tampered)
    }
  // Ids are of one length, and of their instant first.
  return { events: [...events.values()].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)), marks, tampered }
}

function readLine(text: string): ArchiveLine | undefined {
  let line: Partial<Record<"event" | "mark" | "tampered", unknown>> | null = null
  try {
    line = JSON.parse(text)
  } catch {
    // Half a line, perhaps.
  }
  if (isEvent(line?.event)) return { event: line.event }
  const mark = line?.mark as Partial<Mark> | undefined
  if (typeof mark?.shard === "string" && Number.isSafeInteger(mark.at)) return { mark: mark as Mark }
  const tampered = line?.tampered as Partial<Tampered> | undefined
  if (isEvent(tampered?.event)) return { tampered: tampered as Tampered }
  return undefined
}

function isEvent(value: unknown): value is AuditItem {
  const { PK, SK, id, at, action, subject } = (value ?? {}) as AuditItem
  return (
    [PK, SK, id, action].every((text) => typeof text === "string") &&
    PK.startsWith(auditPrefix) &&
    Number.isSafeInteger(at) &&
    Number.isSafeInteger(subject?.id)
  )
}

/** How long the marks of a shard may be apart: three times the interval at which they are written. */
const mostMilliseconds = 15 * 60_000

/**
 * Why the archive can't be relied on to hold all events between two instants; empty: nothing speaks against it. Of what came after the last mark
 * nothing is known: there has to be one of `until` or later. A mark speaks for its own shard of the stream, and a busy table may have shards without one:
 * that none of them is behind, the age of what the consumer reads tells (docs/runbook.md#restore).
 */
export function gapsIn({ marks, tampered }: Archive, shards: readonly string[], from: number, until: number): string[] {
  const instant = (at: number) => new Date(at).toISOString()
  const gaps = shards.flatMap((shard) => {
    // One of before is worth no more than the start itself.
    const known = marks.filter((mark) => mark.shard === shard).map(({ at }) => Math.max(at, from))
    known.sort((a, b) => a - b)
    const proof = known.findIndex((at) => at >= until)
    const instants = [from, ...(proof === -1 ? known : known.slice(0, proof + 1))]
    const apart = instants
      .slice(1)
      .map((at, index) => [instants[index] as number, at] as const)
      .filter(([before, after]) => after - before > mostMilliseconds)
      .map(([before, after]) => `nothing of shard ${shard} from ${instant(before)} to ${instant(after)}`)
    const last = instant(instants.at(-1) as number)
    return proof === -1
      ? [...apart, `of shard ${shard} no mark of ${instant(until)} or later: the last is of ${last}`]
      : apart
  })
  return [...gaps, ...tampered.map(({ change, event }) => `${change} of the event ${event.id} of ${event.PK}`)]
}
