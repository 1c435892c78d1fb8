import { randomUUID } from "node:crypto"
import type { Deliveries } from "./deliveries.ts"
import { readPattern } from "./event-pattern.ts"
import { readTransformer } from "./input-transformer.ts"
import { Refusal } from "./refusal.ts"
import type { Sent } from "./sent.ts"
import { type Assembly, account, functionNameIn, type Properties, region } from "./template.ts"

/** EventBridge, as far as the template uses it: buses of its own, and rules on them that start a Lambda or tell a topic. */
export interface Buses {
  /** PutEvents. Throws a Refusal for a request that breaks a limit; an entry that does is refused by itself. */
  put: (entries: Properties[]) => { FailedEntryCount: number; Entries: Properties[] }
}

interface Rule {
  bus: string
  matches: (event: object) => boolean
  targets: ((event: object) => void)[]
}

/** EventBridge's own, of a request. */
const mostEntries = 10
const mostBytes = 256 * 1024

export function createBuses(assembly: Assembly, deliveries: Deliveries, sent: Sent): Buses {
  const buses = assembly.ofType("AWS::Events::EventBus").map((resource) => assembly.resolved(resource).Name as string)
  const rules = assembly
    .ofType("AWS::Events::Rule")
    .map((resource) => assembly.resolved(resource))
    // On the account's own bus AWS tells of itself, and nothing of that happens here.
    .filter(({ EventBusName }) => EventBusName !== undefined)
    .map((properties) => readRule(properties, buses, deliveries, sent))

  return {
    put: (entries) => {
      checkRequest(entries)
      const Entries = entries.map((entry) => {
        const refused = refusalOf(entry)
        if (refused) return refused
        const bus = busNameIn(entry.EventBusName)
        // EventBridge takes it, and nobody ever hears of it: here that is a mistake.
        if (!buses.includes(bus)) throw new Refusal("ResourceNotFoundException", `there is no bus ${bus}`)
        const event = envelopeOf(entry)
        sent.event(event)
        for (const rule of rules)
          if (rule.bus === bus && rule.matches(event)) for (const deliver of rule.targets) deliver(event)
        return { EventId: event.id }
      })
      return { FailedEntryCount: Entries.filter((entry) => "ErrorCode" in entry).length, Entries }
    },
  }
}

/** Of a name, or of an ARN. */
export const busNameIn = (bus: string | undefined): string => bus?.split("event-bus/").pop() ?? "default"

function readRule(properties: Properties, buses: string[], deliveries: Deliveries, sent: Sent): Rule {
  const { EventBusName, EventPattern, State, Targets, Name: _, Tags, Description, ...others } = properties
  const [strange] = Object.keys(others)
  if (strange || State !== "ENABLED") throw new Error(`the local run does not know ${strange ?? State} of a rule`)
  const bus = busNameIn(EventBusName)
  if (!buses.includes(bus)) throw new Error(`a rule is on the bus ${bus}, which the template doesn't have`)
  const targets = Targets.map((target: Properties) => readTarget(target, deliveries, sent))
  return { bus, matches: readPattern(EventPattern), targets }
}

/** Its dead-letter queue is for what EventBridge can't deliver: a topic takes all, and a Lambda's failures go to its own. */
function readTarget(target: Properties, deliveries: Deliveries, sent: Sent): (event: object) => void {
  const { Arn, Id: _, DeadLetterConfig, InputTransformer, ...others } = target
  const [strange] = Object.keys(others)
  if (strange) throw new Error(`the local run does not know ${strange} of a rule's target`)
  const service = String(Arn).split(":")[2]
  if (service === "lambda" && !InputTransformer) {
    const functionName = functionNameIn(Arn)
    return (event) => deliveries.start(functionName, event)
  }
  if (service === "sns" && InputTransformer) {
    const text = readTransformer(InputTransformer)
    return (event) => sent.notice({ topic: Arn, subject: null, message: text(event) })
  }
  throw new Error(`the local run knows a Lambda that gets the event, or a topic that gets words of it, not ${Arn}`)
}

function checkRequest(entries: Properties[]): void {
  if (entries.length < 1 || entries.length > mostEntries)
    throw new Refusal("ValidationException", `a request has 1 to ${mostEntries} entries, not ${entries.length}`)
  const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0)
  if (bytes > mostBytes)
    throw new Refusal("ValidationException", "Total size of the entries in the request is over the limit.")
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html */
const sizeOf = ({ Time, Source, DetailType, Detail, Resources = [] }: Properties): number =>
  (Time === undefined ? 0 : 14) +
  [Source, DetailType, Detail, ...Resources].reduce((sum, text) => sum + Buffer.byteLength(text ?? ""), 0)

function refusalOf(entry: Properties): Properties | undefined {
  const missing = ["Source", "DetailType", "Detail"].find((name) => !entry[name])
  if (missing)
    return {
      ErrorCode: "InvalidArgument",
      ErrorMessage: `Parameter ${missing} is not valid. Reason: ${missing} is a required argument.`,
    }
  return detailOf(entry) ? undefined : { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." }
}

/** Undefined for what is no JSON object. */
function detailOf({ Detail }: Properties): object | undefined {
  try {
    const detail = JSON.parse(Detail)
    return typeof detail === "object" && detail !== null && !Array.isArray(detail) ? detail : undefined
  } catch {
    return undefined
  }
}

function envelopeOf(entry: Properties) {
  const { Source, DetailType, Time = Date.now() / 1000, Resources = [] } = entry
  return {
    version: "0",
    id: randomUUID(),
    "detail-type": DetailType,
    source: Source,
    account,
    // In whole seconds, as EventBridge tells it.
    time: new Date(Math.floor(Time) * 1000).toISOString().replace(".000Z", "Z"),
    region,
    resources: Resources,
    detail: detailOf(entry),
  }
}
