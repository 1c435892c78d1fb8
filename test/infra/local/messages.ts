import { join } from "node:path"
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge"
import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2"
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns"
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs"
import { onTestFinished } from "vitest"
import { readRoles } from "../../../infra/local/iam.ts"
import { createLambdas } from "../../../infra/local/lambdas.ts"
import { startMessages } from "../../../infra/local/messages.ts"
import { Assembly, type Properties } from "../../../infra/local/template.ts"
import { assemblyFor, folderForTest, linesOf } from "./fixture.ts"

export const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:000000000000:${rest}`
export const topic = arn("sns", "alarms")
const allow = (Action: string, ...Resource: string[]) => ({ Effect: "Allow", Action, Resource })
const everything = [
  allow("events:PutEvents", arn("events", "event-bus/bus.local"), arn("events", "event-bus/other")),
  allow("sns:Publish", topic, arn("sns", "gone")),
  {
    ...allow("ses:SendEmail", arn("ses", "*")),
    Condition: { StringEquals: { "ses:FromAddress": "from@example.com" } },
  },
  allow("sqs:SendMessage", arn("sqs", "sender-undone"), arn("sqs", "nobodys")),
]

const rule = (properties: Properties) => ({
  Type: "AWS::Events::Rule",
  Properties: { EventBusName: "bus.local", EventPattern: { "detail-type": ["told"] }, State: "ENABLED", ...properties },
})
export const toReader = { Id: "Target0", Arn: { "Fn::GetAtt": ["reader", "Arn"] } }
export const toTopic = {
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

/** What serves the messages of a Lambda `sender`, which may do what the statements say; and a Lambda that writes down what it gets. */
export async function start({ statements = everything, rules = [], failures = 0 }: Options = {}) {
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
