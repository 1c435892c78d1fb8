import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import * as z from "zod"
import { newDatastore, newTeam, reason } from "../shared/contract/objects.ts"
import { type JsonSchema, takes, valuesOf } from "./json-schema.ts"
import { type LocalTestStack, startTestStack } from "./local-stack.ts"
import { aService } from "./people.ts"
import { many } from "./rounds.ts"

/**
 * Z2 on a small scale, and without Python: requests are drawn from the OpenAPI document, sent to the running API, and answered as
 * the document says. `npm run test:schema` draws thousands. That no endpoint does without a credential is in every-endpoint.test.ts.
 */
interface Content {
  content?: Record<string, { schema: JsonSchema }>
}
interface Parameter {
  in: "path" | "query" | "header"
  name: string
  required?: boolean
  schema: JsonSchema
}
interface Operation {
  operationId: string
  parameters?: Parameter[]
  requestBody?: Content & { required: boolean }
  responses: Record<string, Content & { headers?: Record<string, unknown> }>
}
interface Drawn {
  path: Record<string, unknown>
  query: Record<string, unknown>
  header: Record<string, unknown>
  body: unknown
}

const document = JSON.parse(readFileSync(join(import.meta.dirname, "../docs/openapi.json"), "utf8"))
const operations = Object.entries<Record<string, object>>(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method: method.toUpperCase(),
    ...(resolved(operation) as Operation),
  })),
)
const drawnEach = many(8)

/** With what its references lead to in their place. */
function resolved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolved)
  if (typeof value !== "object" || value === null) return value
  if ("$ref" in value)
    return resolved(
      String(value.$ref)
        .slice(2)
        .split("/")
        .reduce((inner, key) => inner[key], document),
    )
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner)]))
}

let stack: LocalTestStack
/** Something that is there, for a path; the fuzz mustn't meet the account that it calls with. */
const there: Record<string, () => Promise<string | number>> = {
  users: async () => (await aService(stack)).id,
  "user-tokens": async () => (await aService(stack)).tokenId,
  datastores: async () => (await stack.admin["datastores/create"]({ body: { name: "d" } })).id,
  teams: async () => (await stack.admin["teams/create"]({ body: { name: `t ${randomUUID().slice(0, 8)}` } })).key,
  problems: async () => "not-found",
}

beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

const bodySchemaOf = ({ requestBody }: Operation) => requestBody?.content?.["application/json"]?.schema

function requestsOf(operation: Operation): fc.Arbitrary<Drawn> {
  const fields = (place: Parameter["in"]) => {
    const all = (operation.parameters ?? []).filter((one) => one.in === place)
    const values = Object.fromEntries(all.map(({ name, schema }) => [name, valuesOf(schema)]))
    return fc.record(values, { requiredKeys: all.filter(({ required }) => required).map(({ name }) => name) })
  }
  const schema = bodySchemaOf(operation)
  return fc.record({
    path: fields("path"),
    query: fields("query"),
    header: fields("header"),
    body: schema ? valuesOf(schema) : fc.constant(undefined),
  }) as fc.Arbitrary<Drawn>
}

/** As the document takes it but for one thing: a field too many, one that is missing, or one of another type. */
function broken(schema: JsonSchema, body: Record<string, unknown>): fc.Arbitrary<unknown> {
  const names = Object.keys(schema.properties ?? {})
  return fc
    .oneof(
      fc.constantFrom<unknown>([], null, "text", 1, { ...body, "not-a-field": 1 }),
      fc.constantFrom(...names).map((name) => Object.fromEntries(Object.entries(body).filter(([one]) => one !== name))),
      fc
        .tuple(fc.constantFrom(...names), fc.constantFrom<unknown>({}, [[]], -1, 1.5, "\u0000"))
        .map(([name, other]) => ({
          ...body,
          [name]: other,
        })),
    )
    .filter((value) => !takes(schema, value))
}

async function send({ path, method }: { path: string; method: string }, { path: given, query, header, body }: Drawn) {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(given[name])))
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()
  // A header can't hold what is beyond Latin-1: a client can't send it either.
  const headers = Object.fromEntries(
    Object.entries(header)
      .map(([name, value]) => [name, String(value)] as const)
      .filter(([, value]) => /^[\x21-\x7e]*$/.test(value)),
  )
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  return stack.send(`${filled}${search && `?${search}`}`, { method, headers, ...sent })
}

async function isAsDocumented({ responses }: Operation, response: Response): Promise<void> {
  expect(response.status).toBeLessThan(500)
  const documented = responses[response.status]
  if (!documented) throw new Error(`${response.status} is not in the document`)
  const text = await response.text()
  if (!documented.content) {
    expect(text).toBe("")
    return
  }
  const type = response.headers.get("content-type")?.split(";")[0] ?? ""
  const content = documented.content[type]
  if (!content) throw new Error(`${response.status} ${type} is not in the document`)
  if (!/json$/.test(type)) return
  const read = z.fromJSONSchema(content.schema as Parameters<typeof z.fromJSONSchema>[0])
  expect(read.safeParse(JSON.parse(text)).error).toBeUndefined()
}

describe.each(operations)("Z2 $operationId", (operation) => {
  const [, kind = ""] = operation.path.split("/")

  test("answers as the document says to what the document takes", async () => {
    const drawn = fc.sample(requestsOf(operation), { seed: 1, numRuns: drawnEach })
    for (const [n, request] of drawn.entries()) {
      // What is drawn for a path names nothing, as a rule.
      const [name] = Object.keys(request.path)
      if (name && n % 2 === 0) request.path[name] = await there[kind]?.()
      await isAsDocumented(operation, await send(operation, request))
    }
  })

  const schema = bodySchemaOf(operation)
  if (schema)
    test("refuses as the document says what the document doesn't take", async () => {
      const requests = requestsOf(operation).chain((request) =>
        broken(schema, request.body as Record<string, unknown>).map((body) => ({ ...request, body })),
      )
      for (const request of fc.sample(requests, { seed: 2, numRuns: drawnEach })) {
        const response = await send(operation, request)
        expect([request.body, response.status]).toEqual([request.body, 422])
        await isAsDocumented(operation, response)
      }
    })
})

test.each([
  { field: "name", schema: newDatastore, key: "datastores/create" },
  { field: "name", schema: newTeam, key: "teams/create" },
  {
    field: "reason",
    schema: z.strictObject({ reason: reason as unknown as z.ZodType }),
    key: "user-tokens/rotate-abort",
  },
])("of $key, the document takes the same texts for $field as the API", ({ field, schema, key }) => {
  const documented = operations.find(({ operationId }) => operationId === key) as Operation
  const one = bodySchemaOf(documented)?.properties?.[field] as JsonSchema
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.string({
      unit: fc.constantFrom(" ", "\t", "\n", "\u0000", "\u001f", "\u007f", "\u009f", "a", "é", "😀"),
      maxLength: 8,
    }),
    fc.integer({ min: 0, max: 510 }).map((length) => "x".repeat(length)),
  )
  fc.assert(
    fc.property(texts, (text) => {
      expect([text, takes(one, text)]).toEqual([text, schema.safeParse({ [field]: text }).success])
    }),
    { numRuns: 2000, seed: 3 },
  )
})
