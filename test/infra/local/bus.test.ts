import { statSync } from "node:fs"
import { join } from "node:path"
import type { PutEventsRequestEntry } from "@aws-sdk/client-eventbridge"
import { describe, expect, it } from "vitest"
import type { Properties } from "../../../infra/local/template.ts"
import { until } from "./fixture.ts"
import { arn, start, topic, toReader, toTopic } from "./messages.ts"

describe("PutEvents", () => {
  it("keeps each event as EventBridge has it, and counts the grant as used", async () => {
    const { put, lines, directory, used } = await start()
    const { FailedEntryCount, Entries } = await put(
      { Time: new Date("2026-11-23T12:00:00.900Z"), Resources: ["r"] },
      { EventBusName: arn("events", "event-bus/bus.local"), DetailType: "untold" },
    )
    const [first, second] = lines("events.jsonl")
    expect(first).toEqual({
      version: "0",
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      "detail-type": "told",
      source: "test",
      account: "000000000000",
      time: "2026-11-23T12:00:00Z",
      region: "us-east-1",
      resources: ["r"],
      detail: { who: "a@example.com" },
    })
    expect(second).toMatchObject({ "detail-type": "untold", resources: [] })
    expect(Math.abs(Date.parse(second.time) - Date.now())).toBeLessThan(5000)
    expect([FailedEntryCount, Entries]).toEqual([0, [{ EventId: first.id }, { EventId: second.id }]])
    expect(statSync(join(directory, "events.jsonl")).mode & 0o777).toBe(0o600)
    expect(used()).toEqual(["sender events:PutEvents event-bus/bus.local"])
  })

  it.each<[why: string, code: string, entry: Partial<PutEventsRequestEntry>]>([
    ["no source", "InvalidArgument", { Source: undefined }],
    ["no detail type", "InvalidArgument", { DetailType: "" }],
    ["no detail", "InvalidArgument", { Detail: undefined }],
    ["a detail that is no JSON", "MalformedDetail", { Detail: "{" }],
    ["a detail that is an array", "MalformedDetail", { Detail: "[1]" }],
    ["a detail that is null", "MalformedDetail", { Detail: "null" }],
  ])("refuses an entry with %s by itself, as %s", async (_, ErrorCode, entry) => {
    const { put, lines } = await start()
    const { FailedEntryCount, Entries } = await put({}, entry, {})
    expect(FailedEntryCount).toBe(1)
    expect(Entries?.map((one) => one.ErrorCode)).toEqual([undefined, ErrorCode, undefined])
    expect(lines("events.jsonl")).toHaveLength(2)
  })

  it("takes ten entries, and 256 KB, and not one more", async () => {
    const { put, lines } = await start()
    // Source, detail type and the detail's own eight characters.
    const detail = (bytes: number) => ({ Detail: JSON.stringify({ a: "x".repeat(bytes - 4 - 4 - 8) }) })
    await put(...Array(10).fill({}))
    await put(detail(256 * 1024))
    expect(lines("events.jsonl")).toHaveLength(11)
    await expect(put(...Array(11).fill({}))).rejects.toMatchObject({ name: "ValidationException" })
    await expect(put(detail(256 * 1024 + 1))).rejects.toMatchObject({ name: "ValidationException" })
    await expect(put({ ...detail(256 * 1024 - 13), Time: new Date() })).rejects.toThrow("over the limit")
    await expect(put()).rejects.toMatchObject({ name: "ValidationException" })
    expect(lines("events.jsonl")).toHaveLength(11)
  })

  it("is refused without the grant, on another bus, and on one that the template doesn't have", async () => {
    const denied = { name: "AccessDeniedException", $metadata: { httpStatusCode: 400 } }
    const none = await start({ statements: [] })
    await expect(none.put({})).rejects.toMatchObject(denied)
    const { put, lines } = await start()
    await expect(put({}, { EventBusName: "default" })).rejects.toMatchObject(denied)
    await expect(put({ EventBusName: "other" })).rejects.toThrow("there is no bus other")
    expect([...lines("events.jsonl"), ...none.lines("events.jsonl")]).toEqual([])
  })
})

describe("a rule", () => {
  it("starts a Lambda with each event that matches, and with no other", async () => {
    const { put, received, lines, messages } = await start({ rules: [{ Targets: [toReader] }] })
    await put({}, { DetailType: "untold" })
    expect(await messages.settled()).toBe(true)
    expect(received()).toEqual([lines("events.jsonl")[0]])
    expect(await messages.settled()).toBe(false)
  })

  it("delivers three times what the Lambda fails on, and then keeps it", async () => {
    const { put, received, undone, lines } = await start({ rules: [{ Targets: [toReader] }], failures: 3 })
    await put({})
    await until(() => undone.length > 0)
    expect(received()).toHaveLength(3)
    expect(undone).toEqual([["reader", lines("events.jsonl")[0]]])
  })

  it("tells a topic in words", async () => {
    const { put, lines, directory } = await start({ rules: [{ Targets: [toTopic] }] })
    await put({}, { DetailType: "untold" })
    expect(lines("notices.jsonl")).toEqual([{ topic, subject: null, message: '"It was a@example.com."' }])
    expect(statSync(join(directory, "notices.jsonl")).mode & 0o777).toBe(0o600)
  })

  it("on the account's own bus hears nothing here, whatever its pattern is", async () => {
    const EventPattern = { source: [{ prefix: "aws." }] }
    const { put, lines } = await start({ rules: [{ EventBusName: undefined, EventPattern, Targets: [toTopic] }] })
    await put({})
    expect(lines("notices.jsonl")).toEqual([])
  })

  it.each<[what: string, properties: Properties, message: string]>([
    ["a pattern", { EventPattern: { source: [{ prefix: "a" }] }, Targets: [] }, "lists of literals only"],
    ["a bus", { EventBusName: "other", Targets: [] }, "the bus other, which the template doesn't have"],
    ["a schedule", { ScheduleExpression: "rate(1 day)", Targets: [] }, "ScheduleExpression of a rule"],
    ["a state", { State: "DISABLED", Targets: [] }, "DISABLED of a rule"],
    ["a target's input", { Targets: [{ ...toReader, Input: "{}" }] }, "Input of a rule's target"],
    ["a target's service", { Targets: [{ ...toReader, Arn: arn("sqs", "q") }] }, `not ${arn("sqs", "q")}`],
    ["a topic that gets no words", { Targets: [{ Id: "t", Arn: topic }] }, `not ${topic}`],
    ["a template", { Targets: [{ ...toTopic, InputTransformer: { InputTemplate: "{}" } }] }, "one string only"],
  ])("with %s that isn't known doesn't start", async (_, properties, message) => {
    await expect(start({ rules: [properties] })).rejects.toThrow(message)
  })
})
