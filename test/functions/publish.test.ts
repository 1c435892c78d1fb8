import type { AttributeValue } from "@aws-sdk/client-dynamodb"
import { marshall } from "@aws-sdk/util-dynamodb"
import type { DynamoDBRecord } from "aws-lambda"
import { beforeEach, describe, expect, test } from "vitest"
import type { PutEvents } from "../../functions/outlets.ts"
import { publish } from "../../functions/publish.ts"
import { type AuditItem, auditKey, auditListing } from "../../shared/store/table.ts"
import { type FakeRuntime, fakeRuntime } from "../fakes.ts"

/** From records of the table's stream to the bus and the queue, both of the test's own. */
const at = Date.parse("2026-11-23T12:00:00.250Z")

const anEvent = (id: string, over: Partial<AuditItem> = {}): AuditItem => ({
  ...auditKey("ACC1", id),
  ...auditListing(at, id, 0),
  id,
  at,
  action: "token.revoked",
  outcome: "success",
  actor: { id: 1, userId: "admin@example.com", handle: "symusr_000000001000000002" },
  subject: { id: 2, userId: "api_access@service", handle: "symsvc_000000002000000003" },
  ip: "203.0.113.7",
  userAgent: "test",
  requestId: "request",
  before: { active: true },
  after: { active: false },
  ...over,
})
const several = (count: number, over?: Partial<AuditItem>) =>
  Array.from({ length: count }, (_, n) => anEvent(String(n).padStart(3, "0"), over))

function record(item: object, eventName: DynamoDBRecord["eventName"] = "INSERT"): DynamoDBRecord {
  const { PK, SK, ...image } = marshall(item, { removeUndefinedValues: true }) as Record<string, AttributeValue>
  const dynamodb = { Keys: { PK, SK }, NewImage: { PK, SK, ...image }, SequenceNumber: "100" }
  return { eventName, dynamodb } as DynamoDBRecord
}

let runtime: FakeRuntime
let calls: Parameters<PutEvents>[0][]
let kept: object[]
/** Why the bus refuses an event, by its id. */
let refusals: Record<string, string>
beforeEach(() => {
  runtime = fakeRuntime({} as never)
  ;[calls, kept, refusals] = [[], [], {}]
})

const detailOf = ({ Detail = "" }: { Detail?: string | undefined }) => JSON.parse(Detail)
const outlets = {
  put: async (entries: Parameters<PutEvents>[0]) => {
    calls.push(entries)
    return entries.map((entry) => refusals[detailOf(entry).id])
  },
  keepUndone: async (message: object) => void kept.push(message),
}
const run = (...items: AuditItem[]) =>
  publish(
    runtime,
    items.map((item) => record(item)),
    outlets,
  )
const idsOf = (call: Parameters<PutEvents>[0] | undefined) => call?.map((entry) => detailOf(entry).id)

test("an event is published as the API shows it, under its action, at its time", async () => {
  expect(await run(anEvent("a", { reason: "a leak" }))).toEqual({ published: 1 })
  const [[entry] = []] = calls
  expect({ ...entry, Detail: detailOf(entry ?? {}) }).toEqual({
    Source: "symbolon.test",
    DetailType: "token.revoked",
    Time: new Date(at),
    Detail: {
      id: "a",
      at: "2026-11-23T12:00:00.250Z",
      action: "token.revoked",
      outcome: "success",
      actor: { id: 1, user_id: "admin@example.com", handle: "symusr_000000001000000002" },
      subject: { id: 2, user_id: "api_access@service", handle: "symsvc_000000002000000003" },
      ip: "203.0.113.7",
      user_agent: "test",
      request_id: "request",
      reason: "a leak",
      before: { active: true },
      after: { active: false },
    },
  })
  expect([kept, runtime.lines]).toEqual([[], []])
})

test("what is no new event of the audit trail publishes nothing", async () => {
  const records = [
    record(anEvent("a"), "MODIFY"),
    record(anEvent("a"), "REMOVE"),
    record({ ...anEvent("a"), PK: "ACC#1" }),
    record({ ...anEvent("a"), PK: "MARK#1" }),
  ]
  expect(await publish(runtime, records, outlets)).toEqual({ published: 0 })
  expect([calls, kept]).toEqual([[], []])
})

test.each([
  [10, [10]],
  [11, [10, 1]],
  [25, [10, 10, 5]],
])("%i events are put in calls of %j, in their order", async (count, sizes) => {
  const events = several(count)
  expect(await run(...events)).toEqual({ published: count })
  expect(calls.map(({ length }) => length)).toEqual(sizes)
  expect(calls.flatMap((call) => idsOf(call))).toEqual(events.map(({ id }) => id))
})

test("F4 what is delivered twice is published twice, and tells itself by its id", async () => {
  await run(...several(2))
  await run(...several(2))
  expect(calls.map(idsOf)).toEqual([
    ["000", "001"],
    ["000", "001"],
  ])
})

describe("F4 what the bus doesn't take", () => {
  test("makes the batch fail, once all else has been put", async () => {
    refusals = { "003": "ThrottlingException", "011": "InternalFailure" }
    await expect(run(...several(12))).rejects.toThrow("the bus did not take 2 events")
    expect(calls.map(({ length }) => length)).toEqual([10, 2])
    expect(kept).toEqual([])
  })

  test.each(["MalformedDetail", "InvalidArgument"])(
    "for ever, as %s says, goes to the queue and fails nothing",
    async (why) => {
      refusals = { "001": why }
      expect(await run(...several(3))).toEqual({ published: 2 })
      const lost = { why, key: { PK: "AUD#ACC1", SK: "001" }, sequenceNumber: "100" }
      expect(kept).toEqual([lost])
      expect(runtime.lines).toEqual([{ event: "event.unpublishable", ...lost }])
    },
  )

  test("for now and for ever, both: the queue has the one, and the batch fails for the other", async () => {
    refusals = { "000": "MalformedDetail", "001": "ThrottlingException" }
    await expect(run(...several(3))).rejects.toThrow("the bus did not take 1 events")
    expect(kept).toMatchObject([{ key: { SK: "000" } }])
  })
})

describe("F4 what can't be published", () => {
  test.each<[why: string, item: object]>([
    ["it is no audit event", { ...auditKey("ACC1", "bad"), actor: 1 }],
    ["its action is in no table of events", anEvent("bad", { action: "token.eaten" })],
    ["its action is in no table of events", anEvent("bad", { action: "constructor" })],
    ["it is not as its schema says", anEvent("bad", { after: { active: "no" } })],
    ["it is not as its schema says", anEvent("bad", { after: { active: false, digest: "d" } })],
    ["it is not as its schema says", anEvent("bad", { outcome: undefined } as never)],
  ])("as %s, goes to the queue, and the others to the bus", async (why, item) => {
    const records = [record(anEvent("a")), record(item), record(anEvent("b"))]
    expect(await publish(runtime, records, outlets)).toEqual({ published: 2 })
    expect(calls.map(idsOf)).toEqual([["a", "b"]])
    expect(kept).toEqual([{ why, key: { PK: "AUD#ACC1", SK: "bad" }, sequenceNumber: "100" }])
  })

  test("stays in the stream while the queue doesn't take it", async () => {
    const keepUndone = () => Promise.reject(new Error("no queue"))
    const records = [record(anEvent("bad", { action: "token.eaten" }))]
    await expect(publish(runtime, records, { ...outlets, keepUndone })).rejects.toThrow("no queue")
  })
})

describe("the bus takes 256 KB", () => {
  const most = 256 * 1024

  /** An event whose entry has so many bytes in all, as EventBridge counts them: 14 for its time, and the texts. */
  async function ofBytes(id: string, bytes: number): Promise<AuditItem> {
    await run(anEvent(id, { reason: "x" }))
    const { Source = "", DetailType = "", Detail = "" } = calls.pop()?.[0] ?? {}
    return anEvent(id, { reason: "x".repeat(bytes - Buffer.byteLength(Source + DetailType + Detail) - 14 + 1) })
  }

  test("an event of so many bytes is published, one byte more goes to the queue", async () => {
    expect(await run(await ofBytes("a", most))).toEqual({ published: 1 })
    expect(await run(await ofBytes("a", most + 1))).toEqual({ published: 0 })
    expect(kept).toMatchObject([{ why: "it is too large for the bus" }])
  })

  test.each([
    ["a call of two that come to it", most / 2, [["a", "b"], ["c"]]],
    ["no call of two that are a byte more", most / 2 + 1, [["a"], ["b", "c"]]],
  ])("in %s", async (_, bytes, groups) => {
    const events = [await ofBytes("a", most / 2), await ofBytes("b", bytes), await ofBytes("c", 1000)]
    await run(...events)
    expect(calls.map(idsOf)).toEqual(groups)
  })
})
