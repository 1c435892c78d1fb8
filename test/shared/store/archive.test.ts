import { describe, expect, test } from "vitest"
import { type Archive, gapsIn, lineOf, readArchive, writeLines, writeMarks } from "../../../shared/store/archive.ts"
import { type AuditItem, shardNames } from "../../../shared/store/table.ts"
import { fakeRuntime } from "../../fakes.ts"
import { createTestTable } from "../../tables.ts"

const event = (over: Partial<AuditItem> = {}): AuditItem => ({
  ...{ PK: "AUD#ACC000000001", SK: "000000001abcd", id: "000000001abcd", at: 1000, action: "token.revoked" },
  ...{ outcome: "success", actor: { id: 1, userId: "a@example.com" }, subject: { id: 1, userId: "x@service" } },
  ...{ ip: "203.0.113.7", userAgent: "test", requestId: "r", before: { active: true }, after: { active: false } },
  ...{ listPK: "AUD#20261124#0", listSK: "000000001abcd" },
  ...over,
})

describe("a line of the archive", () => {
  test("comes of an event, of a mark, of a change to an event, and of nothing else", () => {
    const after = event() as AuditItem & Record<string, unknown>
    expect(lineOf({ change: "INSERT", after })).toEqual({ event: after })
    expect(lineOf({ change: "MODIFY", before: after, after: { ...after, action: "x" } })).toEqual({
      tampered: { change: "MODIFY", event: after },
    })
    expect(lineOf({ change: "REMOVE", before: after })).toEqual({ tampered: { change: "REMOVE", event: after } })
    expect(lineOf({ change: "MODIFY", after: { PK: "MARK#03", SK: "M", at: 7 } })).toEqual({
      mark: { shard: "03", at: 7 },
    })
    expect(lineOf({ change: "REMOVE", before: { PK: "MARK#03", SK: "M", at: 7 } })).toBeUndefined()
    expect(lineOf({ change: "INSERT", after: { PK: "TOK#000000001", SK: "T" } })).toBeUndefined()
  })
})

describe("an archive", () => {
  test("is read in the order of what happened, each event once, whatever object it is in", () => {
    const [first, second] = [event(), event({ SK: "000000002", id: "000000002", at: 2000 })]
    const { events, marks, tampered } = readArchive([
      ["b", writeLines([{ event: second }, { mark: { shard: "00", at: 5 } }])],
      ["a", writeLines([{ event: first }, { event: second }, { tampered: { change: "REMOVE", event: first } }])],
    ])
    expect(events).toEqual([first, second])
    expect(marks).toEqual([{ shard: "00", at: 5 }])
    expect(tampered).toEqual([{ change: "REMOVE", event: first }])
  })

  test("has events of one instant in the order of their ids", () => {
    const [first, second, third] = ["1", "2", "3"].map((id) => event({ SK: id, id })) as [
      AuditItem,
      AuditItem,
      AuditItem,
    ]
    const { events } = readArchive([["a", writeLines([second, third, first].map((one) => ({ event: one })))]])
    expect(events).toEqual([first, second, third])
  })

  test.each([
    ["no JSON", "{"],
    ["null", "null"],
    ["another thing", '{"other": 1}'],
    ["an event without its time", JSON.stringify({ event: { ...event(), at: undefined } })],
    ["an event of another partition", JSON.stringify({ event: event({ PK: "ACC#1" }) })],
    ["an event without its key", JSON.stringify({ event: { ...event(), PK: undefined } })],
    ["an event whose id is a number", JSON.stringify({ event: { ...event(), id: 1 } })],
    ["an event without an action", JSON.stringify({ event: { ...event(), action: undefined } })],
    ["tampering with no event", JSON.stringify({ tampered: { change: "REMOVE" } })],
    ["a mark of no shard", '{"mark":{"at":1}}'],
    ["an event without a subject", JSON.stringify({ event: { ...event(), subject: undefined } })],
    ["a mark without its time", '{"mark":{"shard":"00"}}'],
    ["half a line", writeLines([{ event: event() }]).slice(0, 40)],
  ])("isn't read at all with a line that is %s", (_, line) => {
    expect(() => readArchive([["2026/11/24/10/1-2.jsonl", `${writeLines([{ event: event() }])}${line}\n`]])).toThrow(
      "line 2 of 2026/11/24/10/1-2.jsonl is not one of the audit archive's",
    )
  })
})

describe("a gap", () => {
  const minutes = (n: number) => n * 60_000
  const marked = (...at: number[]): Archive => ({
    events: [],
    tampered: [],
    marks: at.map((one) => ({ shard: "00", at: one })),
  })
  const gaps = (archive: Archive, until: number) => gapsIn(archive, ["00"], 0, until)

  test("is more than a quarter of an hour without a mark: from the start, between two, and to the one that is the proof", () => {
    expect(gaps(marked(minutes(15)), minutes(15))).toEqual([])
    expect(gaps(marked(minutes(15) + 1), minutes(15))).toHaveLength(1)
    expect(gaps(marked(minutes(15), minutes(30), minutes(45)), minutes(45))).toEqual([])
    expect(gaps(marked(minutes(45), minutes(15) + 1, minutes(30)), minutes(45))).toEqual([
      "nothing of shard 00 from 1970-01-01T00:00:00.000Z to 1970-01-01T00:15:00.001Z",
    ])
    expect(gaps(marked(minutes(15), minutes(30) + 1, minutes(45)), minutes(45))).toHaveLength(1)
    expect(gaps(marked(minutes(15), minutes(30), minutes(45) + 1), minutes(45))).toHaveLength(1)
  })

  test("is what comes after the last mark: only one of the end or later proves that all of before has come", () => {
    const none = "of shard 00 no mark of 1970-01-01T00:10:00.000Z or later: the last is of"
    expect(gaps(marked(minutes(10) - 1), minutes(10))).toEqual([`${none} 1970-01-01T00:09:59.999Z`])
    expect(gaps(marked(minutes(10)), minutes(10))).toEqual([])
    expect(gaps(marked(), minutes(10))).toEqual([`${none} 1970-01-01T00:00:00.000Z`])
    // What came before the start proves nothing, and what comes after the proof is no matter.
    expect(gaps(marked(-minutes(1), 0), minutes(10))).toEqual([`${none} 1970-01-01T00:00:00.000Z`])
    expect(gaps(marked(minutes(10), minutes(60)), minutes(10))).toEqual([])
  })

  test("has the start for its beginning, whatever mark came before it", () => {
    expect(gapsIn(marked(-minutes(5), minutes(15)), ["00"], 0, minutes(15))).toEqual([])
    expect(gapsIn(marked(-minutes(1), minutes(15) + 1), ["00"], 0, minutes(15))).toHaveLength(1)
  })

  test("is of one shard: the marks of another don't fill it; and an event that was tampered with is one too", () => {
    expect(gapsIn(marked(minutes(10)), ["00", "01"], 0, minutes(10))).toEqual([
      "of shard 01 no mark of 1970-01-01T00:10:00.000Z or later: the last is of 1970-01-01T00:00:00.000Z",
    ])
    const tampered: Archive = { ...marked(minutes(1)), tampered: [{ change: "MODIFY", event: event() }] }
    expect(gaps(tampered, minutes(1))).toEqual(["MODIFY of the event 000000001abcd of AUD#ACC000000001"])
  })
})

test("a mark is written to every shard, in one transaction, and again", async () => {
  const { table, dump } = await createTestTable()
  const runtime = fakeRuntime(table)
  await writeMarks(runtime)
  runtime.clock.advance(300_000)
  await writeMarks(runtime)
  const rows = (await dump()).map(({ PK, at }) => [PK, at])
  expect(rows.toSorted()).toEqual(shardNames().map((shard) => [`MARK#${shard}`, runtime.now()]))
})
