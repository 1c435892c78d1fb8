import fc from "fast-check"

/** A JSON Schema, as far as our documents use it for what they take. */
export interface JsonSchema {
  type?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  dependentSchemas?: Record<string, JsonSchema>
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean
  items?: JsonSchema
  maxItems?: number
  pattern?: string
  format?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  exclusiveMinimum?: number
  maximum?: number
  default?: unknown
  description?: string
}

const known = new Set(
  (
    "type const enum anyOf oneOf dependentSchemas properties required additionalProperties items maxItems " +
    "pattern format minLength maxLength minimum exclusiveMinimum maximum default description"
  ).split(" "),
)

/** Whether the schema takes it, by these keywords. Throws for a keyword that it doesn't know: it would be taken for met. */
export function takes(schema: JsonSchema, value: unknown): boolean {
  const strange = Object.keys(schema).find((keyword) => !known.has(keyword))
  if (strange) throw new Error(`${strange} is not known here`)
  if ("const" in schema && value !== schema.const) return false
  if (schema.enum && !schema.enum.includes(value)) return false
  if (schema.anyOf && !schema.anyOf.some((one) => takes(one, value))) return false
  if (schema.oneOf && schema.oneOf.filter((one) => takes(one, value)).length !== 1) return false
  if (schema.type && !isOf(schema.type, value)) return false
  if (typeof value === "string") return takesText(schema, value)
  if (typeof value === "number") return takesNumber(schema, value)
  if (Array.isArray(value))
    return value.length <= (schema.maxItems ?? value.length) && value.every((one) => takes(schema.items ?? {}, one))
  return typeof value !== "object" || value === null || takesObject(schema, value as Record<string, unknown>)
}

function isOf(type: string, value: unknown): boolean {
  if (type === "integer") return Number.isInteger(value)
  if (type === "null") return value === null
  if (type === "array") return Array.isArray(value)
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value)
  return typeof value === type
}

function takesText({ pattern, minLength = 0, maxLength, format }: JsonSchema, text: string): boolean {
  const length = [...text].length
  return (
    length >= minLength &&
    length <= (maxLength ?? length) &&
    (pattern === undefined || new RegExp(pattern, "u").test(text)) &&
    (format !== "date-time" || instant.test(text))
  )
}
/** RFC 3339, of days that are. */
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

const takesNumber = (schema: JsonSchema, value: number): boolean =>
  value >= (schema.minimum ?? value) &&
  value > (schema.exclusiveMinimum ?? value - 1) &&
  value <= (schema.maximum ?? value)

const takesObject = (schema: JsonSchema, value: Record<string, unknown>): boolean =>
  (schema.required ?? []).every((name) => name in value) &&
  (schema.additionalProperties !== false || Object.keys(value).every((name) => name in (schema.properties ?? {}))) &&
  Object.entries(schema.properties ?? {}).every(([name, inner]) => !(name in value) || takes(inner, value[name])) &&
  Object.entries(schema.dependentSchemas ?? {}).every(([name, other]) => !(name in value) || takes(other, value))

/** Values that the schema takes. */
export function valuesOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  if ("const" in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valuesOf))
  const values: Record<string, () => fc.Arbitrary<unknown>> = {
    string: () => textsOf(schema),
    integer: () => fc.integer({ min: schema.minimum ?? (schema.exclusiveMinimum ?? -1) + 1, max: mostOf(schema) }),
    boolean: () => fc.boolean(),
    null: () => fc.constant(null),
    array: () => fc.array(valuesOf(schema.items ?? {}), { maxLength: Math.min(schema.maxItems ?? 3, 3) }),
    object: () =>
      fc.record(
        Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, valuesOf(inner)])),
        { requiredKeys: schema.required ?? [] },
      ),
  }
  const make = values[schema.type ?? ""]
  if (!make) throw new Error(`no values are made of ${schema.type} here`)
  return make().filter((value) => takes(schema, value))
}

const mostOf = ({ maximum = 1_000_000 }: JsonSchema): number => Math.min(maximum, 1_000_000)

function textsOf({ pattern, format, maxLength = 40 }: JsonSchema): fc.Arbitrary<string> {
  if (format === "date-time")
    return fc
      .date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true })
      .map((date) => date.toISOString())
  const texts = fc.string({ unit: "binary", maxLength: Math.min(maxLength, 40) })
  // What a pattern with classes of exceptions is made for, any text meets most of the time.
  return pattern === undefined || pattern.includes("[^") ? texts : fc.stringMatching(new RegExp(pattern))
}
