import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Validator } from "@seriousme/openapi-schema-validator"
import { describe, expect, test } from "vitest"
import * as z from "zod"
import { asyncApiText, envelope } from "../shared/contract/asyncapi.ts"
import { descriptions } from "../shared/contract/descriptions.ts"
import { type EndpointKey, endpointRows } from "../shared/contract/endpoints.ts"
import { eventRows } from "../shared/contract/events.ts"
import { exampleBodies } from "../shared/contract/examples.ts"
import { openApiText } from "../shared/contract/openapi.ts"
import { containsToken } from "../shared/contract/scanner.ts"

const root = `${join(import.meta.dirname, "..")}/`
const committed = readFileSync(`${root}docs/openapi.json`, "utf8")
const committedEvents = readFileSync(`${root}docs/asyncapi.json`, "utf8")

interface Operation {
  operationId: string
  summary?: string
  security?: object[]
  parameters?: { in: string; name: string; required?: boolean }[]
  responses: Record<string, { headers?: object }>
}
const document = JSON.parse(committed)
const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) =>
  Object.values(methods).map((operation) => ({ path, ...operation })),
)

interface Message {
  name: string
  title: string
  summary: string
  contentType: string
  payload: object
  examples: { payload: { detail: object } }[]
}
const eventDocument = JSON.parse(committedEvents)
const messages: Message[] = Object.values(eventDocument.components.messages)

/** What its references lead to, in a document. */
const referred = (text: string): [path: string, what: unknown][] =>
  [...text.matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, path]) => [
    path as string,
    (path as string).split("/").reduce((inner, key) => inner?.[key], JSON.parse(text)),
  ])
/** Names of a registry, a host, a path of a machine, somebody. */
const nobodysBusiness =
  /https?:\/\/(?!issuer\.example\.com)|\/(?:home|work|tmp|root)\/|registry|@(?!service|example)\w+\.\w/i

/** The names of the fields that are described so. Of a parameter, the schema is described. */
const fieldsDescribed = (says: string, value: unknown, name = ""): string[] =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) =>
        key === "description" && inner === says
          ? [name]
          : fieldsDescribed(says, inner, key === "schema" && "name" in value ? String(value.name) : key),
      )

describe("docs/openapi.json", () => {
  test("is what the endpoint table says now: else run npm run docs, and commit", () => {
    expect(openApiText() === committed, "docs/openapi.json has drifted: npm run docs").toBe(true)
  })

  test("is valid OpenAPI 3.1", async () => {
    const result = await new Validator().validate(document)
    expect(result.errors).toBeUndefined()
    expect(result.valid).toBe(true)
  })

  test("is refused by the same check when it is broken", async () => {
    const { valid } = await new Validator().validate({ ...document, paths: { "/users": { get: { summary: 1 } } } })
    expect(valid).toBe(false)
  })

  test("has each endpoint once, under its key", () => {
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(endpointRows.map(([key]) => key).sort())
  })

  test.each(operations)(
    "$operationId says what it does, how it fails, what its path takes, who may call",
    (operation) => {
      const { path, summary, responses, parameters = [] } = operation
      expect(summary).toMatch(/^[A-Z].*[^.]$/)
      expect(Object.keys(responses).filter((status) => /^2/.test(status))).toHaveLength(1)
      expect(Object.keys(responses).filter((status) => /^4/.test(status))).not.toEqual([])
      const inPath = parameters.filter((parameter) => parameter.in === "path")
      expect(inPath.map(({ name }) => name)).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
      expect(inPath.every(({ required }) => required)).toBe(true)
      expect(new Set(parameters.map((one) => `${one.in} ${one.name}`)).size).toBe(parameters.length)
      const row = endpointRows.find(([key]) => key === operation.operationId)?.[1]
      const open = row?.needs === "nothing"
      const refuses = !open || row.problems.includes("sign-in-refused")
      expect([operation.security, "401" in responses]).toEqual([open ? [] : undefined, refuses])
    },
  )

  test("has no reference that leads nowhere, and no component that nothing refers to", () => {
    const references = referred(committed)
    expect(references.filter(([, what]) => what === undefined)).toEqual([])
    const components = ["schemas", "responses", "headers", "examples"].flatMap((kind) =>
      Object.keys(document.components[kind]).map((name) => `components/${kind}/${name}`),
    )
    expect(components.filter((path) => !references.some(([to]) => to === path))).toEqual([])
  })

  test.each(operations)(
    "$operationId has the headers that its handler works with",
    ({ operationId, responses, parameters }) => {
      const handler = readFileSync(`${root}functions/${operationId}.ts`, "utf8")
      const answered = Object.keys(Object.entries(responses).find(([status]) => /^2/.test(status))?.[1].headers ?? {})
      const sent = (parameters ?? []).filter((parameter) => parameter.in === "header").map(({ name }) => name)
      expect({
        ETag: answered.includes("ETag"),
        Location: answered.includes("Location"),
        "If-Match": sent.includes("If-Match"),
        "Idempotency-Key": sent.includes("Idempotency-Key"),
      }).toEqual({
        ETag: /\betag\b/.test(handler),
        Location: /\blocation:/.test(handler),
        "If-Match": /\bifMatch\b/.test(handler),
        "Idempotency-Key": /\bidempotency\b/.test(handler),
      })
    },
  )

  test("has an example of each body, which the endpoint takes", () => {
    const withBody = endpointRows.flatMap(([key, { body }]) => (body ? [{ key, body }] : []))
    expect(Object.keys(exampleBodies).sort()).toEqual(withBody.map(({ key }) => key).sort())
    for (const { key, body } of withBody)
      expect([key, body.safeParse(exampleBodies[key as EndpointKey]).error]).toEqual([key, undefined])
  })

  test.each(descriptions)("says what $field is there, and at no other field: $says", ({ field, says }) => {
    expect([...new Set(fieldsDescribed(says, document))]).toEqual([field])
  })

  test("names no registry, no path of a machine and nobody", () => {
    expect(committed).not.toMatch(nobodysBusiness)
  })
})

describe("docs/asyncapi.json", () => {
  test("is what the table of events says now: else run npm run docs, and commit", () => {
    expect(asyncApiText() === committedEvents, "docs/asyncapi.json has drifted: npm run docs").toBe(true)
  })

  test("is AsyncAPI 3.0: one bus, to which events are sent", () => {
    expect(eventDocument.asyncapi).toBe("3.0.0")
    expect(Object.values<{ address: string }>(eventDocument.channels).map(({ address }) => address)).toEqual([
      "symbolon.{stage}",
    ])
    expect(Object.values<{ action: string }>(eventDocument.operations).map(({ action }) => action)).toEqual(["send"])
  })

  test("has each event once, on the bus too, under its type", () => {
    const types = eventRows.map(([type]) => type)
    expect(messages.map(({ name }) => name)).toEqual(types)
    expect(Object.keys(eventDocument.components.messages)).toEqual(types)
    expect(Object.keys(eventDocument.channels.bus.messages)).toEqual(types)
  })

  test("has no reference that leads nowhere, and no component that nothing refers to", () => {
    const references = referred(committedEvents)
    expect(references.filter(([, what]) => what === undefined)).toEqual([])
    const components = ["schemas", "messages"].flatMap((kind) =>
      Object.keys(eventDocument.components[kind]).map((name) => `components/${kind}/${name}`),
    )
    expect(components.filter((path) => !references.some(([to]) => to === path))).toEqual([])
  })

  test.each(eventRows)(
    "%s has an example, which its schemas take, and which no other event's does",
    (type, { says }) => {
      const message = eventDocument.components.messages[type] as Message
      expect(message).toMatchObject({ summary: says, title: expect.stringMatching(/^[A-Z][a-z ]+$/) })
      const [example] = message.examples.map(({ payload }) => payload)
      expect(envelope(type).safeParse(example).error).toBeUndefined()
      expect(readers.get(type)?.safeParse(example).error).toBeUndefined()
      expect([...readers].flatMap(([other, reader]) => (reader.safeParse(example).success ? [other] : []))).toEqual([
        type,
      ])
    },
  )

  test.each(messages)("$name is understood with a field that is new, and not with one missing", (message) => {
    const reader = readers.get(message.name)
    const { detail, ...event } = (message.examples[0] as Message["examples"][number]).payload
    expect(reader?.safeParse({ ...event, new: 1, detail: { ...detail, new: 1 } }).error).toBeUndefined()
    const { id, ...rest } = detail as { id?: string }
    expect(reader?.safeParse({ ...event, detail: rest }).success).toBe(false)
    expect(reader?.safeParse({ ...event, source: "aws.events", detail }).success).toBe(false)
  })

  test("names no registry, no path of a machine and nobody; and no token", () => {
    expect(committedEvents).not.toMatch(nobodysBusiness)
    expect(containsToken(committedEvents)).toBe(false)
  })
})

/** As who has the document alone would read an event of each type. */
const readers = new Map(
  messages.map(({ name, payload }) => {
    const $schema = "http://json-schema.org/draft-07/schema#"
    const schema = { ...payload, $schema, definitions: eventDocument.components.schemas }
    return [
      name,
      z.fromJSONSchema(JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", "#/definitions/"))),
    ]
  }),
)
