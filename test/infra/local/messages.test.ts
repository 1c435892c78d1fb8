import { statSync } from "node:fs"
import { join } from "node:path"
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge"
import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2"
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns"
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs"
import { describe, expect, it, onTestFinished } from "vitest"
import { readRoles } from "../../../infra/local/iam.ts"
import { createLambdas } from "../../../infra/local/lambdas.ts"
import { startMessages } from "../../../infra/local/messages.ts"
import { Assembly, type Properties } from "../../../infra/local/template.ts"
import { assemblyFor, folderForTest, linesOf, until } from "./fixture.ts"

const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:000000000000:${rest}`
const topic = arn("sns", "alarms")
const allow = (Action: string, ...Resource: string[]) => ({ Effect: "Allow", Action, Resource })
const everything = [
  allow("events:PutEvents", arn("events", "event-bus/bus.local"), arn("events", "event-bus/other")),
  allow("sns:Publish", topic, arn("sns", "gone")),
  allow("ses:SendEmail", arn("ses", "identity/from@example.com"), arn("ses", "identity/example.com")),
  allow("sqs:SendMessage", arn("sqs", "sender-undone"), arn("sqs", "nobodys")),
]

const rule = (properties: Properties) => ({
  Type: "AWS::Events::Rule",
  Properties: { EventBusName: "bus.local", EventPattern: { "detail-type": ["told"] }, State: "ENABLED", ...properties },
})
const toReader = { Id: "Target0", Arn: { "Fn::GetAtt": ["reader", "Arn"] } }
const toTopic = {
  Id: "Target0",
  Arn: { Ref: "Topic" },
  InputTransformer: { InputPathsMap: { who: "$.detail.who" }, InputTemplate: '"It was <who>."' },
}

interface Options {
  statements?: Properties[]
  rules?: Properties[]
  /** How often the reader fails before it works. */
  failures?: number
}

/** A Lambda `sender` that may do what the statements say, and one that writes down what it gets. */
async function start({ statements = everything, rules = [], failures = 0 }: Options = {}) {
  const directory = folderForTest()
  const received = join(directory, "received.jsonl")
  const reader = `import { appendFileSync } from "node:fs"
    let failures = ${failures}
    export const handler = async (event) => {
      appendFileSync(${JSON.stringify(received)}, JSON.stringify(event) + "\\n")
      if (failures-- > 0) throw new Error("not this time")
    }`
  const assembly = new Assembly(
    assemblyFor({
      functions: { sender: "", reader },
      roles: { sender: "Role" },
      deadLetterQueues: { sender: "Undone" },
      resources: {
        Role: {
          Type: "AWS::IAM::Role",
          Properties: {
            Policies: [
              { PolicyDocument: { Statement: [allow("sqs:SendMessage", arn("sqs", "sender-undone")), ...statements] } },
            ],
          },
        },
        Undone: { Type: "AWS::SQS::Queue", Properties: { QueueName: "sender-undone" } },
        Topic: { Type: "AWS::SNS::Topic", Properties: { TopicName: "alarms" } },
        Bus: { Type: "AWS::Events::EventBus", Properties: { Name: "bus.local" } },
        ...Object.fromEntries(rules.map((properties, index) => [`Rule${index}`, rule(properties)])),
      },
    }),
  )
  const roles = readRoles(assembly)
  const lambdas = createLambdas({ assembly, environment: {}, onLine: () => {} })
  const undone: unknown[] = []
  const keepUndone = (functionName: string, event: unknown) => void undone.push([functionName, event])
  const messages = await startMessages({ assembly, roles, lambdasOf: () => lambdas, keepUndone, directory })
  onTestFinished(async () => {
    await messages.stop()
    await lambdas.stop()
  })
  const client = {
    region: "us-east-1",
    credentials: { accessKeyId: "sender", secretAccessKey: "test" },
    maxAttempts: 1,
  }
  const at = (name: string) => ({ ...client, endpoint: messages.environment[`AWS_ENDPOINT_URL_${name}`] as string })
  const [events, sns] = [new EventBridgeClient(at("EVENTBRIDGE")), new SNSClient(at("SNS"))]
  const ses = new SESv2Client(at("SESV2"))
  const lines = (file: string) => linesOf(join(directory, file)).map((line) => JSON.parse(line))
  return {
    directory,
    messages,
    undone,
    lines,
    used: () => roles.get("sender")?.used.filter((grant) => !grant.includes("undone")),
    received: () => lines("received.jsonl"),
    put: (...entries: Partial<PutEventsRequestEntry>[]) =>
      events.send(new PutEventsCommand({ Entries: entries.map((entry) => ({ ...anEntry, ...entry })) })),
    publish: (TopicArn: string, Message: string, Subject?: string) =>
      sns.send(new PublishCommand({ TopicArn, Message, ...(Subject !== undefined && { Subject }) })),
    mail: (to: string[], from = "from@example.com") =>
      ses.send(
        new SendEmailCommand({
          FromEmailAddress: from,
          Destination: { ToAddresses: to },
          Content: { Simple: { Subject: { Data: "Grüße" }, Body: { Text: { Data: "two\nlines" } } } },
        }),
      ),
    queue: (name: string, body: object, accessKeyId = "sender") =>
      new SQSClient({ ...at("SQS"), credentials: { accessKeyId, secretAccessKey: "test" } }).send(
        new SendMessageCommand({
          QueueUrl: `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`,
          MessageBody: JSON.stringify(body),
        }),
      ),
  }
}

const anEntry: PutEventsRequestEntry = {
  EventBusName: "bus.local",
  Source: "test",
  DetailType: "told",
  Detail: '{"who":"a@example.com"}',
}

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

describe("Publish", () => {
  it("keeps what the topic is told", async () => {
    const { publish, lines, used } = await start()
    const subject = "x".repeat(100)
    expect((await publish(topic, "three <lines>\nof & text", subject)).MessageId).toMatch(/^[0-9a-f-]{36}$/)
    await publish(topic, "y".repeat(256 * 1024))
    expect(lines("notices.jsonl")).toEqual([
      { topic, subject, message: "three <lines>\nof & text" },
      { topic, subject: null, message: "y".repeat(256 * 1024) },
    ])
    expect(used()).toEqual(["sender sns:Publish alarms"])
  })

  it.each([
    ["a subject that is too long", "text", "x".repeat(101)],
    ["a subject that isn't ASCII", "text", "Grüße"],
    ["a subject of two lines", "text", "a\nb"],
    ["a text that is too long", "y".repeat(256 * 1024 + 1), undefined],
  ])("refuses %s", async (_, message, subject) => {
    const { publish, lines } = await start()
    await expect(publish(topic, message, subject)).rejects.toMatchObject({ name: "InvalidParameterException" })
    expect(lines("notices.jsonl")).toEqual([])
  })

  it("is refused without the grant, and to a topic that the template doesn't have", async () => {
    const { publish } = await start({ statements: [] })
    await expect(publish(topic, "text")).rejects.toMatchObject({
      name: "AuthorizationErrorException",
      $metadata: { httpStatusCode: 403 },
      message: `sender is not authorized to perform: sns:Publish on resource: ${topic}`,
    })
    await expect((await start()).publish(arn("sns", "gone"), "text")).rejects.toMatchObject({
      name: "NotFoundException",
    })
  })
})

describe("SendEmail", () => {
  it("keeps the mail, by the grant on its address or on its domain, whichever is verified", async () => {
    const { mail, lines, directory, used } = await start()
    await mail(["to@example.org"])
    const sent = { from: "from@example.com", to: ["to@example.org"], subject: "Grüße", text: "two\nlines" }
    expect(lines("mail.jsonl")).toEqual([sent])
    expect(statSync(join(directory, "mail.jsonl")).mode & 0o777).toBe(0o600)
    expect(used()).toEqual(["from@example.com", "example.com"].map((name) => `sender ses:SendEmail identity/${name}`))
    await mail(["to@example.org"], "other@example.com")
    expect(lines("mail.jsonl")).toHaveLength(2)
  })

  it("is refused without the grant, and for another domain", async () => {
    const denied = { name: "AccessDeniedException", $metadata: { httpStatusCode: 403 } }
    await expect((await start({ statements: [] })).mail(["to@example.org"])).rejects.toMatchObject(denied)
    const { mail, lines } = await start()
    await expect(mail(["to@example.org"], "from@example.org")).rejects.toMatchObject(denied)
    expect(lines("mail.jsonl")).toEqual([])
  })

  it("refuses what is no address", async () => {
    const { mail } = await start()
    for (const to of [["nobody"], ["a b@example.org"], []])
      await expect(mail(to)).rejects.toMatchObject({ name: "BadRequestException" })
  })
})

describe("SendMessage", () => {
  it("keeps what is sent to a Lambda's dead-letter queue where its failures are", async () => {
    const { queue, undone } = await start()
    expect((await queue("sender-undone", { why: "ü" })).MessageId).toMatch(/^[0-9a-f-]{36}$/)
    expect(undone).toEqual([["sender", { why: "ü" }]])
  })

  it("is refused without the grant, and to a queue that is nobody's", async () => {
    const { queue, undone } = await start()
    await expect(queue("reader-undone", {})).rejects.toMatchObject({ name: "AccessDeniedException" })
    await expect(queue("nobodys", {})).rejects.toMatchObject({ name: "QueueDoesNotExist" })
    await expect(queue("sender-undone", {}, "stranger")).rejects.toThrow("somebody unknown is not authorized")
    expect(undone).toEqual([])
  })
})

it("knows no other operation", async () => {
  const { messages } = await start()
  const url = messages.environment.AWS_ENDPOINT_URL_SNS as string
  const response = await fetch(url, { method: "POST", body: "Action=Subscribe" })
  expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("InvalidAction")])
})
