import { createHash, randomUUID } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage } from "node:http"
import { type Buses, busNameIn, createBuses } from "./bus.ts"
import { createDeliveries, deadLetterQueues, type KeepUndone } from "./deliveries.ts"
import type { Role } from "./iam.ts"
import type { Lambdas } from "./lambdas.ts"
import { Refusal } from "./refusal.ts"
import { closed, portOf } from "./secrets.ts"
import { keepSent, type Sent } from "./sent.ts"
import { type Assembly, arnOf, type Properties } from "./template.ts"

/**
 * EventBridge, SNS, SES and SQS, as far as our functions call them, at one endpoint: each says by its protocol which it is. What
 * the caller's role doesn't allow is refused; what is sent is kept in files.
 */
export interface Messages {
  /** Of each, by the SDK's own variables. */
  environment: Record<string, string>
  /** Waits for the Lambdas that events have started. False: there were none. */
  settled: () => Promise<boolean>
  stop: () => Promise<void>
}

interface Options {
  assembly: Assembly
  /** By access key id: the caller is known by its credentials, as on AWS. */
  roles: ReadonlyMap<string, Role>
  lambdasOf: () => Lambdas
  keepUndone: KeepUndone
  /** Where the files of what is sent are. */
  directory: string
}

interface Services extends Options {
  buses: Buses
  sent: Sent
  topics: string[]
  /** Whose dead-letter queue it is, by the queue's ARN. */
  queues: ReadonlyMap<string, string>
}

/** Throws a Refusal unless the caller may do it. */
type Permit = (action: string, resource: string, fromAddress?: string) => void
/** Does one operation, and answers its result. Throws a Refusal. */
type Operation = (services: Services, permit: Permit, input: Properties) => object

/** How a service is asked, and how it answers. */
interface Protocol {
  type: string
  denial: [code: string, status: number]
  input: (body: string) => Properties
  result: (result: object) => string
  error: (code: string, message: string) => string
}

export async function startMessages(options: Options): Promise<Messages> {
  const { assembly, lambdasOf, keepUndone, directory } = options
  const sent = keepSent(directory)
  const deliveries = createDeliveries(lambdasOf, keepUndone)
  const buses = createBuses(assembly, deliveries, sent)
  const topics = assembly.ofType("AWS::SNS::Topic").map(({ stack, id }) => assembly.resolve(stack, { Ref: id }))
  const services = { ...options, buses, sent, topics, queues: deadLetterQueues(assembly) }
  const server = createServer(async (request, response) => {
    const { status, headers, body } = await serve(services, request)
    response.writeHead(status, headers).end(body)
  }).listen(0, "127.0.0.1")
  // Its clients keep their connections, and a request may not meet one that is just being closed.
  server.keepAliveTimeout = 0
  await once(server, "listening")
  const endpoint = `http://127.0.0.1:${portOf(server)}`
  const names = ["EVENTBRIDGE", "SNS", "SESV2", "SQS"]
  return {
    environment: Object.fromEntries(names.map((name) => [`AWS_ENDPOINT_URL_${name}`, endpoint])),
    settled: deliveries.settled,
    stop: () => closed(server),
  }
}

async function serve(services: Services, request: IncomingMessage) {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const [protocol, operation] = calledBy(request)
  const headers = { "content-type": protocol.type }
  try {
    const role = services.roles.get(/Credential=([^/]+)\//.exec(request.headers.authorization ?? "")?.[1] ?? "")
    const input = protocol.input(Buffer.concat(chunks).toString())
    return { status: 200, headers, body: protocol.result(operation(services, permitOf(role, protocol), input)) }
  } catch (error) {
    const { code, message, status } =
      error instanceof Refusal ? error : new Refusal("InternalFailure", String(error), 500)
    return { status, headers: { ...headers, "x-amzn-errortype": code }, body: protocol.error(code, message) }
  }
}

const permitOf =
  (role: Role | undefined, { denial: [code, status] }: Protocol): Permit =>
  (action, resource, fromAddress) => {
    const need = { action, resource, leadingKeys: [], ...(fromAddress !== undefined && { fromAddress }) }
    if (role && !role.refused([need])) return
    const who = role?.name ?? "somebody unknown"
    throw new Refusal(code, `${who} is not authorized to perform: ${action} on resource: ${resource}`, status)
  }

function calledBy({ headers, url }: IncomingMessage): [Protocol, Operation] {
  const target = headers["x-amz-target"]
  if (target === "AWSEvents.PutEvents") return [events, putEvents]
  if (target === "AmazonSQS.SendMessage") return [sqs, sendMessage]
  if (url === "/v2/email/outbound-emails") return [ses, sendEmail]
  return [sns, publish]
}

const events: Protocol = {
  type: "application/x-amz-json-1.1",
  denial: ["AccessDeniedException", 400],
  input: JSON.parse,
  result: JSON.stringify,
  error: (code, message) => JSON.stringify({ __type: code, message }),
}
const sqs: Protocol = { ...events, type: "application/x-amz-json-1.0" }
/** Its error's code is in a header, and it says so by its status. */
const ses: Protocol = { ...events, type: "application/json", denial: ["AccessDeniedException", 403] }
const sns: Protocol = {
  type: "text/xml",
  denial: ["AuthorizationError", 403],
  input: (body) => Object.fromEntries(new URLSearchParams(body)),
  result: (result) => {
    const fields = Object.entries(result).map(([name, value]) => `<${name}>${value}</${name}>`)
    return `<PublishResponse><PublishResult>${fields.join("")}</PublishResult></PublishResponse>`
  },
  error: (code, message) =>
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
}

const putEvents: Operation = ({ buses }, permit, { Entries = [] }) => {
  for (const { EventBusName } of Entries)
    permit("events:PutEvents", arnOf("events", `event-bus/${busNameIn(EventBusName)}`))
  return buses.put(Entries)
}

/** To a queue that is a Lambda's dead-letter queue; there is no other here. */
const sendMessage: Operation = ({ queues, keepUndone }, permit, { QueueUrl, MessageBody }) => {
  const arn = arnOf("sqs", String(QueueUrl).split("/").pop() ?? "")
  permit("sqs:SendMessage", arn)
  const functionName = queues.get(arn)
  if (!functionName) throw new Refusal("QueueDoesNotExist", "The specified queue does not exist.")
  keepUndone(functionName, JSON.parse(MessageBody))
  // The SDK compares it with what it has sent.
  return { MessageId: randomUUID(), MD5OfMessageBody: createHash("md5").update(MessageBody).digest("hex") }
}

/** SNS's own limit, in bytes. */
const longestNotice = 256 * 1024

const publish: Operation = ({ topics, sent }, permit, { Action, TopicArn, Subject, Message }) => {
  if (Action !== "Publish") throw new Refusal("InvalidAction", "the local run does not know this operation")
  permit("sns:Publish", TopicArn)
  if (!topics.includes(TopicArn)) throw new Refusal("NotFound", "Topic does not exist", 404)
  if (!Message || Buffer.byteLength(Message) > longestNotice)
    throw new Refusal("InvalidParameter", "Invalid parameter: Message is empty, or too long")
  if (Subject !== undefined && !/^[!-~][ -~]{0,99}$/.test(Subject))
    throw new Refusal("InvalidParameter", "Invalid parameter: Subject")
  sent.notice({ topic: TopicArn, subject: Subject ?? null, message: Message })
  return { MessageId: randomUUID() }
}

/** A mail of plain text. That whom it is from is verified, an account tells, and this machine believes. */
const sendEmail: Operation = ({ sent }, permit, { FromEmailAddress: from, Destination, Content }) => {
  permit("ses:SendEmail", arnOf("ses", `identity/${from}`), from)
  const { ToAddresses: to = [] } = Destination
  const { Subject, Body } = Content.Simple
  if (to.length === 0 || to.some((address: string) => !/^[^\s@]+@[^\s@]+$/.test(address)))
    throw new Refusal("BadRequestException", "an address has no domain, or there is none")
  sent.mail({ from, to, subject: Subject.Data, text: Body.Text.Data })
  return { MessageId: randomUUID() }
}
