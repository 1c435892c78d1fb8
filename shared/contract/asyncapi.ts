import * as z from "zod/mini"
import { busOf } from "./bus.ts"
import { descriptionOf } from "./descriptions.ts"
import { exampleEvent } from "./event-examples.ts"
import { type EventType, eventDetail, eventRows } from "./events.ts"
import { auditEvent } from "./objects.ts"

/** Nothing that a Lambda runs imports this: `npm run docs` writes its document to docs/asyncapi.json, which one serves. */

/** An event as EventBridge delivers it. */
export const envelope = (type: EventType) =>
  z.strictObject({
    version: z.literal("0"),
    id: z.uuid(),
    "detail-type": z.literal(type),
    source: z.string().check(z.regex(/^symbolon\.[a-z0-9-]+$/)),
    account: z.string().check(z.regex(/^\d{12}$/)),
    time: z.iso.datetime(),
    region: z.string(),
    resources: z.array(z.string()),
    detail: eventDetail(type),
  })

/** What stands in the document once. */
const shared = { Actor: auditEvent.shape.actor, Subject: auditEvent.shape.subject }

type JsonSchema = z.core.JSONSchema.BaseSchema
const refTo = (path: string) => ({ $ref: `#/${path}` })

/** JSON Schemas of draft 7, which is what AsyncAPI's own schema is a superset of: those that are shared, and one of each event. */
function schemas(): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(shared)) registry.add(schema, { id })
  for (const [id] of eventRows) registry.add(envelope(id), { id })
  const made = z.toJSONSchema(registry, {
    target: "draft-07",
    uri: (id) => refTo(`components/schemas/${id}`).$ref,
    override: ({ zodSchema, jsonSchema }) => {
      // Strict is how we publish. Who reads must not refuse a field that is new.
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
      // The format says it already, and shorter.
      if (jsonSchema.format) delete jsonSchema.pattern
      const description = descriptionOf(zodSchema)
      if (description) jsonSchema.description = description
    },
  })
  return Object.fromEntries(Object.entries(made.schemas).map(([id, { $schema, $id, ...schema }]) => [id, schema]))
}

const description = `
What happens to accounts, tokens, teams, settings and datastores: each event of the audit trail, published on the EventBridge bus of its
stage within seconds.

Delivery is at least once, and may be out of order. \`detail.id\` tells events apart: one that you have seen is a repetition.
\`detail.at\` is when it happened. (\`id\`, of EventBridge, differs when an event is published twice.)

Ignore fields that you don't know, and types that you don't know: new ones may come. \`before\` and \`after\` hold what changed, and no
more.

Nothing secret is in an event: no token, no digest. A handle names a token, and opens nothing.

\`account.tokens-revoked\` stands for every token of the account. There is no event for each of them then, nor when an account is
deactivated.

To subscribe, put a rule on the bus, in the AWS account and region of the stage. Its pattern says which events you want:

\`\`\`json
{ "detail-type": ["token.revoked", "account.tokens-revoked", "account.deactivated"] }
\`\`\`
`.trim()

/** `account.tokens-revoked` as a heading. */
const titleOf = (type: EventType): string => {
  const words = type.replace(/[.-]/g, " ")
  return `${words[0]?.toUpperCase()}${words.slice(1)}`
}

/** The AsyncAPI 3.0 document, from the table of events alone. */
function asyncApiDocument() {
  const made = schemas()
  const messages = eventRows.map(([type, { says }]) => [
    type,
    {
      name: type,
      title: titleOf(type),
      summary: says,
      contentType: "application/json",
      payload: made[type],
      examples: [{ payload: exampleEvent(type) }],
    },
  ])
  return {
    asyncapi: "3.0.0",
    info: { title: "Symbolon events", version: "1", description, license: { name: "Apache-2.0" } },
    defaultContentType: "application/json",
    channels: {
      bus: {
        address: busOf("{stage}"),
        title: "The bus of a stage",
        description: "An event bus of Amazon EventBridge; an event's source is its name.",
        parameters: { stage: { description: "The stage's name.", examples: ["prod"] } },
        messages: Object.fromEntries(eventRows.map(([type]) => [type, refTo(`components/messages/${type}`)])),
      },
    },
    operations: {
      publish: {
        action: "send",
        channel: refTo("channels/bus"),
        summary: "Publishes each event of the audit trail",
      },
    },
    components: {
      messages: Object.fromEntries(messages),
      schemas: Object.fromEntries(Object.keys(shared).map((name) => [name, made[name]])),
    },
  }
}

/** The document as it is committed. */
export const asyncApiText = (): string => `${JSON.stringify(asyncApiDocument(), null, 2)}\n`
