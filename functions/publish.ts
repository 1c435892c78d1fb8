import type { DynamoDBRecord } from "aws-lambda"
import { busOf } from "../shared/contract/bus.ts"
import { type EventType, eventDetail, events } from "../shared/contract/events.ts"
import type { Runtime } from "../shared/runtime.ts"
import { showEvent } from "../shared/store/shown-event.ts"
import { type AuditItem, auditPrefix } from "../shared/store/table.ts"
import type { PutEvents } from "./outlets.ts"
import { changeOf } from "./stream-records.ts"

interface Outlets {
  put: PutEvents
  /** Keeps what will never be published, for people. */
  keepUndone: (message: object) => Promise<void>
}

/** What becomes of an audit event that was written: an entry for the bus, or the reason why it can't be one. */
type Prepared = { key: object; entry: Parameters<PutEvents>[0][number]; bytes: number } | { key: object; why: string }

const eventTypes = Object.keys(events) as EventType[]

/** EventBridge's, for a call and so for an entry. */
const mostEntries = 10
const mostBytes = 256 * 1024
/** What a repetition won't mend. Anything else, the bus may take the next time. */
const permanent = ["MalformedDetail", "InvalidArgument"]

/**
 * Publishes the audit events among records of the table's stream. Throws when the bus didn't take some of them, which are then
 * delivered again, along with others of the batch: a consumer tells events apart by their `detail.id`.
 */
export async function publish(runtime: Runtime, records: readonly DynamoDBRecord[], { put, keepUndone }: Outlets) {
  const prepared = records.flatMap((record) => prepare(runtime.stage.name, record) ?? [])
  const undone = prepared.filter((one) => "why" in one)
  let refused = 0
  for (const group of groups(prepared.filter((one) => "entry" in one))) {
    const errors = await put(group.map(({ entry }) => entry))
    for (const [index, why] of errors.entries()) {
      if (why === undefined) continue
      if (permanent.includes(why)) undone.push({ key: (group[index] as (typeof group)[number]).key, why })
      else refused += 1
    }
  }
  for (const { key, why } of undone) {
    runtime.log({ event: "event.unpublishable", why, ...key })
    await keepUndone({ why, ...key })
  }
  if (refused > 0) throw new Error(`the bus did not take ${refused} events`)
  return { published: prepared.length - undone.length }
}

/** Undefined for what is no new audit event. Who changed or deleted one is the archive's to tell. */
function prepare(stage: string, record: DynamoDBRecord): Prepared | undefined {
  const { PK, SK } = record.dynamodb?.Keys ?? {}
  if (record.eventName !== "INSERT" || !PK?.S?.startsWith(auditPrefix)) return undefined
  const key = { key: { PK: PK.S, SK: SK?.S ?? "" }, sequenceNumber: record.dynamodb?.SequenceNumber }
  let item: AuditItem
  let detail: ReturnType<typeof showEvent>
  try {
    item = changeOf(record).after as unknown as AuditItem
    detail = showEvent(item)
  } catch {
    return { key, why: "it is no audit event" }
  }
  const type = eventTypes.find((known) => known === detail.action)
  if (!type) return { key, why: "its action is in no table of events" }
  if (!eventDetail(type).safeParse(detail).success) return { key, why: "it is not as its schema says" }
  const entry = { Source: busOf(stage), DetailType: type, Time: new Date(item.at), Detail: JSON.stringify(detail) }
  const bytes = Buffer.byteLength(entry.Source + entry.DetailType + entry.Detail) + 14
  return bytes > mostBytes ? { key, why: "it is too large for the bus" } : { key, entry, bytes }
}

/** As few calls as their limits let. */
function groups<T extends { bytes: number }>(entries: readonly T[]): T[][] {
  const all: T[][] = []
  let bytes = 0
  for (const entry of entries) {
    const last = all.at(-1)
    if (last && last.length < mostEntries && bytes + entry.bytes <= mostBytes) {
      last.push(entry)
      bytes += entry.bytes
    } else {
      all.push([entry])
      bytes = entry.bytes
    }
  }
  return all
}
