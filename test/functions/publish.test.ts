import { marshall } from "@aws-sdk/util-dynamodb"
import type { DynamoDBRecord } from "aws-lambda"
import { beforeAll, expect, test } from "vitest"
import type { PutEvents } from "../../functions/outlets.ts"
import { publish } from "../../functions/publish.ts"
import { showEvent } from "../../shared/store/shown-event.ts"
import type { AuditItem } from "../../shared/store/table.ts"
import { createUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { type FakeRuntime, fakeRuntime } from "../fakes.ts"
import { createTestTable, type TestTable } from "../tables.ts"

let table: TestTable
let runtime: FakeRuntime
const events: AuditItem[] = []

beforeAll(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table)
  for (let n = 0; n < 12; n++) {
    await createUser(runtime, anAdmin(), { user_type: "Service", name: `published ${n}`, role: "Member", teams: [] })
    runtime.clock.advance(60_000)
  }
  const trail = (await table.dump()).filter(({ PK }) => PK.startsWith("AUD#"))
  events.push(...(trail as unknown as AuditItem[]))
})

const recordOf = (row: object, eventName: DynamoDBRecord["eventName"] = "INSERT") => {
  const { PK, SK } = row as AuditItem
  return { eventName, dynamodb: { Keys: marshall({ PK, SK }), NewImage: marshall(row), SequenceNumber: "7" } }
}

/** What becomes of a batch, with a bus that answers so to each entry of a call. */
async function published(records: ReturnType<typeof recordOf>[], answer?: (call: number) => string | undefined) {
  const calls: Parameters<PutEvents>[0][] = []
  const undone: object[] = []
  const put: PutEvents = async (entries) => {
    calls.push(entries)
    return entries.map(() => answer?.(calls.length))
  }
  const keepUndone = async (message: object) => void undone.push(message)
  const outlets = { put, keepUndone }
  const outcome = await publish(runtime, records as DynamoDBRecord[], outlets).catch(({ message }) => message)
  return { calls, undone, outcome }
}

test("an event is an entry of its own instant, with what the trail shows, ten in a call", async () => {
  const { calls, undone, outcome } = await published(events.map((row) => recordOf(row)))
  expect([calls.map((entries) => entries.length), undone, outcome]).toEqual([[10, 2], [], { published: 12 }])
  const entries = calls.flat().map(({ Detail = "", ...entry }) => ({ ...entry, detail: JSON.parse(Detail) }))
  expect(entries).toEqual(
    events.map((row) => ({
      Source: "symbolon.test",
      DetailType: "account.created",
      Time: new Date(row.at),
      detail: showEvent(row),
    })),
  )
})

test("only what is new is published, and only what is an audit event", async () => {
  const [event] = events as [AuditItem]
  const records = [recordOf(event, "MODIFY"), recordOf(event, "REMOVE"), recordOf({ ...event, PK: "ACC#1" })]
  expect(await published(records)).toEqual({ calls: [], undone: [], outcome: { published: 0 } })
})

test("what the bus didn't take fails the batch; what it never will is kept, and the others go on", async () => {
  const records = events.map((row) => recordOf(row))
  const late = await published(records, (call) => (call === 2 ? "ThrottlingException" : undefined))
  expect([late.outcome, late.undone, late.calls.length]).toEqual(["the bus did not take 2 events", [], 2])
  const never = await published(records, (call) => (call === 2 ? "MalformedDetail" : undefined))
  const kept = events.slice(10).map(({ PK, SK }) => ({ why: "MalformedDetail", key: { PK, SK }, sequenceNumber: "7" }))
  expect([never.outcome, never.undone]).toEqual([{ published: 10 }, kept])
})

test.each([
  ["it is no audit event", { actor: undefined }],
  ["its action is in no table of events", { action: "nothing.happened" }],
  ["it is not as its schema says", { after: { user_id: 7 } }],
])("%s: kept for people, and it stops no other", async (why, over) => {
  const [broken, whole] = events as [AuditItem, AuditItem]
  const row = JSON.parse(JSON.stringify({ ...broken, ...over }))
  const { calls, undone, outcome } = await published([recordOf(row), recordOf(whole)])
  expect([calls.flat().length, outcome]).toEqual([1, { published: 1 }])
  expect(undone).toEqual([{ why, key: { PK: broken.PK, SK: broken.SK }, sequenceNumber: "7" }])
  expect(runtime.lines.at(-1)).toMatchObject({ event: "event.unpublishable", why })
})
