import * as z from "zod/mini"
import { createDocument, type oas31, type ZodOpenApiOperationObject, type ZodOpenApiOverride } from "zod-openapi"
import { descriptionOf } from "./descriptions.ts"
import { type Endpoint, type EndpointKey, endpointRows, routeOf } from "./endpoints.ts"
import { exampleBodies } from "./examples.ts"
import * as object from "./objects.ts"
import { type ProblemCode, problems } from "./problems.ts"
import { type Refusal, refusals, told } from "./refusals.ts"
import { reviewCheck, reviewPaging } from "./review.ts"

/** Nothing that a Lambda runs imports this: `npm run docs` writes its document to docs/openapi.json, which one serves. */

/** One meaning of a slug: two of them are a refusal (401) and an endpoint's failure (409) alike. */
export interface ProblemMeaning {
  slug: ProblemCode | Refusal
  status: number
  title: string
  detail: string
}

const failure = (slug: ProblemCode): ProblemMeaning => ({ slug, ...problems[slug] })
const refusal = (slug: Refusal): ProblemMeaning => ({ slug, status: 401, ...told(slug) })

export const meanings: ProblemMeaning[] = [
  ...(Object.keys(problems) as ProblemCode[]).map(failure),
  ...(Object.keys(refusals) as Refusal[]).map(refusal),
].sort((one, other) => one.status - other.status)

/** All that an endpoint can answer besides its success: what every one can, then its own. In the order of `meanings`. */
export function meaningsOf(row: Endpoint): ProblemMeaning[] {
  const authenticated = row.needs !== "nothing"
  const byRole = authenticated && row.needs !== "any" && row.needs !== "own" && !row.orOwn
  const failures = new Set<ProblemCode>([
    ...(row.body ? (["malformed-json", "content-too-large", "unsupported-media-type"] as const) : []),
    ...(authenticated ? (["authentication-required", "auth-unavailable"] as const) : []),
    ...(byRole ? (["insufficient-role"] as const) : []),
    ...(row.route.includes("{") ? (["not-found"] as const) : []),
    ...(["validation-failed", "too-many-requests", "internal-error", "service-unavailable"] as const),
    ...row.problems,
  ])
  const isRefusal = ({ slug, status }: ProblemMeaning) => status === 401 && slug in refusals
  return meanings.filter((one) => (isRefusal(one) ? authenticated : failures.has(one.slug as ProblemCode)))
}

const numbersOfUrls = new Map<unknown, object>([
  [object.paging.limit, { maximum: 100, default: 50 }],
  [reviewPaging.limit, { maximum: 50, default: 50 }],
  [object.maxExpiryDays, { maximum: 3650 }],
])

/** No control characters, but for white space around it, which is trimmed; of what must not be empty, also something else. */
const trimmedText = "^[\\t-\\r ]*[^\\x00-\\x1f\\x7f-\\x9f]*[\\t-\\r ]*$"
const trimmedWords = "^[\\t-\\r ]*[^\\s\\ufeff\\x00-\\x1f\\x7f-\\x9f][^\\x00-\\x1f\\x7f-\\x9f]*[\\t-\\r ]*$"

/** The checks of `tokenChanges` over more than one field. */
const eitherOfTokenChanges = {
  oneOf: [{ required: ["active"] }, { required: ["allowed_cidrs"] }],
  dependentSchemas: { compromised: { properties: { active: { const: false } }, required: ["active"] } },
}

/** Says what the schema library can't: the texts of our own checks, and how a number stands in a URL. */
const override: ZodOpenApiOverride = ({ zodSchema, jsonSchema }) => {
  const inUrl = numbersOfUrls.get(zodSchema)
  if (inUrl) Object.assign(jsonSchema, { type: "integer", minimum: 1, ...inUrl })
  // The format says it already, and shorter. Not of email addresses: we take fewer, and some that it doesn't.
  if (jsonSchema.format === "date-time") delete jsonSchema.pattern
  if (jsonSchema.format === "email") delete jsonSchema.format
  const checks = (zodSchema._zod.def.checks ?? []).map((check) => check._zod.def)
  const texts = checks
    .filter((def) => def.check === "custom")
    .map((def) => [...("path" in def ? (def.path as string[]) : []), def.error?.({} as never)].join(" "))
  // JSON Schema counts characters as we do, by code points.
  const length = texts.map((text) => /^must have (\d+) to (\d+) characters$/.exec(text)).find(Boolean)
  if (length)
    Object.assign(jsonSchema, {
      minLength: Number(length[1]),
      maxLength: Number(length[2]),
      pattern: length[1] === "0" ? trimmedText : trimmedWords,
    })
  if (zodSchema === object.tokenChanges) Object.assign(jsonSchema, eitherOfTokenChanges)
  const said = (text: string) => text === length?.[0] || text.startsWith("must be an integer from ")
  const description = descriptionOf(zodSchema) ?? texts.filter((text) => !said(text)).join(", ")
  if (description) jsonSchema.description = description
}

const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.optional(z.int()),
  detail: z.optional(z.string()),
  instance: z.optional(z.string()),
  errors: z.optional(z.array(z.strictObject({ pointer: z.string(), detail: z.string() }))),
})

const schemas = {
  User: object.user,
  Token: object.token,
  Impact: object.impact,
  Team: object.team,
  Datastore: object.datastore,
  Container: object.container,
  Settings: object.settings,
  AuditEvent: object.auditEvent,
  ReviewCheck: reviewCheck,
  Problem: problemSchema,
}

const headers = {
  ETag: { description: "Names this version: send it as If-Match with a change.", schema: { type: "string" } },
  Location: { description: "The path of what this was about.", schema: { type: "string" } },
  "Token-Expires-In": {
    description: "Days that the caller's token has left, the one that has begun included: from thirty on.",
    schema: { type: "integer" },
  },
  Link: {
    description: 'On text/csv: the next page, as <path>; rel="next". The last one has none.',
    schema: { type: "string" },
  },
  "Symbolon-Review-Hash": {
    description: "On text/csv: the hash, on the last page only.",
    schema: { type: "string" },
  },
  "Retry-After": { description: "Seconds to wait.", schema: { type: "integer" } },
  "WWW-Authenticate": { description: "The challenge (RFC 6750).", schema: { type: "string" } },
} satisfies oas31.HeadersObject

/** Headers of a success. */
const successHeaders: Partial<Record<EndpointKey, (keyof typeof headers)[]>> = {
  "users/create": ["ETag", "Location"],
  "users/get": ["ETag"],
  "users/update": ["ETag"],
  "users/delete": ["Location"],
  "settings/get": ["ETag"],
  "settings/update": ["ETag"],
  "user-tokens/create": ["Location"],
  "teams/create": ["Location"],
  "datastores/create": ["Location"],
  "access-review/get": ["Link", "Symbolon-Review-Hash"],
}
const takesIfMatch: readonly EndpointKey[] = ["users/update", "settings/update"]

const pathParameters = {
  id: z.int().check(z.positive()),
  key: z.string().check(z.regex(/^[a-z0-9_-]{1,64}$/)),
  slug: z.string().check(z.regex(/^[a-z0-9_-]{1,64}$/)),
}
const idempotencyKey = z.string().check(z.regex(/^[\x21-\x7e]{1,255}$/))

const exampleName = ({ status, slug }: ProblemMeaning): string => `${status}-${slug}`
const headersOf = (names: readonly (keyof typeof headers)[]): oas31.HeadersObject =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))

/** The OpenAPI 3.1 document, from the endpoint table alone. */
export const openApiDocument = () =>
  createDocument(
    {
      openapi: "3.1.0",
      info: {
        title: "Symbolon",
        version: "1",
        summary: "Service accounts and bearer tokens.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/api" }],
      security: [{ bearer: [] }],
      tags: [...new Set(endpointRows.map(([key]) => tagOf(key)))].map((name) => ({ name })),
      paths: paths(),
      components: {
        schemas,
        headers,
        responses: sharedResponses,
        examples: Object.fromEntries(meanings.map((meaning) => [exampleName(meaning), { value: exampleOf(meaning) }])),
        securitySchemes: { bearer: { type: "http", scheme: "bearer", description: "A token of ours." } },
      },
    },
    { override },
  )

const tagOf = (key: EndpointKey): string => key.slice(0, key.indexOf("/"))

function paths(): Record<string, Record<string, ZodOpenApiOperationObject>> {
  const byPath: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const [key, row] of endpointRows) {
    const { method, path } = routeOf(row)
    byPath[path] = { ...byPath[path], [method.toLowerCase()]: operationOf(key, row) }
  }
  return byPath
}

function operationOf(key: EndpointKey, row: Endpoint): ZodOpenApiOperationObject {
  const names = [...row.route.matchAll(/\{(id|key|slug)\}/g)].map(([, name]) => name as keyof typeof pathParameters)
  const header = {
    ...(row.idempotencyKey && {
      "Idempotency-Key": row.idempotencyKey === "required" ? idempotencyKey : z.optional(idempotencyKey),
    }),
    ...(takesIfMatch.includes(key) && { "If-Match": z.optional(z.string()) }),
  }
  const example = exampleBodies[key]
  return {
    operationId: key,
    summary: row.summary,
    description: `Needs: ${needsOf(row)}.`,
    tags: [tagOf(key)],
    ...(row.needs === "nothing" && { security: [] }),
    requestParams: {
      ...(names.length > 0 && {
        path: z.object(Object.fromEntries(names.map((name) => [name, pathParameters[name]]))),
      }),
      ...(row.query && { query: row.query as z.ZodMiniObject }),
      ...(Object.keys(header).length > 0 && { header: z.object(header) }),
    },
    ...(row.body && {
      requestBody: {
        // None at all is as good as {}.
        required: !row.body.safeParse({}).success,
        content: { "application/json": { schema: row.body, ...(example && { example }) } },
      },
    }),
    responses: { [String(row.success) as "200"]: successOf(key, row), ...problemResponses(row) },
  }
}

/** What a caller must hold, in words. */
export const needsOf = ({ needs, orOwn }: Endpoint): string =>
  ({ nothing: "nothing, not even a token", any: "any token", own: "any token; it sees its own" })[needs as string] ??
  `${needs}${orOwn ? ", or that it is one's own" : ""}`

function successOf(key: EndpointKey, row: Endpoint) {
  const names = [...(successHeaders[key] ?? []), ...(row.needs === "nothing" ? [] : (["Token-Expires-In"] as const))]
  return {
    description: { 200: "Done.", 201: "Made.", 202: "Begun.", 204: "Done; no body." }[row.success],
    ...(names.length > 0 && { headers: headersOf(names) }),
    ...(row.reply && {
      content: {
        [row.produces ?? "application/json"]: { schema: row.reply },
        ...(row.orCsv && { "text/csv": { schema: z.string() } }),
      },
    }),
  }
}

type Group = [status: string, meanings: ProblemMeaning[]]
const groupsOf = (row: Endpoint): Group[] => [...Map.groupBy(meaningsOf(row), ({ status }) => String(status))]
const groupName = ([status, group]: Group): string =>
  [
    status,
    ...group.filter(({ slug }) => status !== "401" || slug === "authentication-required").map(({ slug }) => slug),
  ].join("-")

const uses = Map.groupBy(
  endpointRows.flatMap(([, row]) => groupsOf(row)),
  groupName,
)
const isShared = (group: Group): boolean => (uses.get(groupName(group))?.length ?? 0) > 1

/** What several operations answer alike: it stands in the document once. */
const sharedResponses = Object.fromEntries(
  [...uses].flatMap(([name, [group]]) => (group && isShared(group) ? [[name, problemResponse(group)]] : [])),
)

const problemResponses = (row: Endpoint) =>
  Object.fromEntries(
    groupsOf(row).map((group) => [
      group[0],
      isShared(group) ? { $ref: `#/components/responses/${groupName(group)}` } : problemResponse(group),
    ]),
  )

function problemResponse([status, group]: Group) {
  return {
    description: group.map(({ title }) => title).join(", "),
    ...(status === "401" && { headers: headersOf(["WWW-Authenticate"]) }),
    ...((status === "429" || status === "503") && { headers: headersOf(["Retry-After"]) }),
    content: {
      "application/problem+json": {
        schema: problemSchema,
        examples: Object.fromEntries(
          group.map((one) => [one.slug, { $ref: `#/components/examples/${exampleName(one)}` }]),
        ),
      },
    },
  }
}

const exampleOf = ({ slug, status, title, detail }: ProblemMeaning) => ({
  type: `/api/problems/${slug}`,
  title,
  status,
  detail,
  instance: "JKJaXmPLvHcESHA=",
  ...(slug === "validation-failed" && { errors: [{ pointer: "/name", detail: "is required" }] }),
})

/** The document as it is committed. */
export const openApiText = (): string => `${JSON.stringify(openApiDocument(), null, 2)}\n`
