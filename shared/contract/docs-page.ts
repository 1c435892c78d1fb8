import { busOf } from "./bus.ts"
import { type Html, html, page } from "./docs-html.ts"
import { type Endpoint, type EndpointKey, endpointRows, routeOf } from "./endpoints.ts"
import { eventRows } from "./events.ts"
import { exampleBodies, examplePath } from "./examples.ts"
import { meanings, meaningsOf, needsOf, openApiDocument, type ProblemMeaning } from "./openapi.ts"
import { problemAdvice } from "./problem-advice.ts"

/** The pages of `/docs` and `/problems/{slug}`: the build makes them (infra/build.ts), Lambdas hold their text alone. */

/** As much of a JSON Schema as our documents have. */
interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  enum?: string[]
  items?: Schema
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  default?: unknown
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  maxItems?: number
  description?: string
}
interface Content {
  content?: Record<string, { schema: Schema }>
}
interface Operation {
  operationId: EndpointKey
  parameters?: { in: string; name: string; required?: boolean; schema: Schema; description?: string }[]
  requestBody?: Content
  responses: Record<string, Content>
}

const base = "/api"

export function docsPage(): string {
  const document = openApiDocument()
  const operations = new Map(
    Object.values(document.paths as Record<string, Record<string, Operation>>)
      .flatMap((path) => Object.values(path))
      .map((operation) => [operation.operationId, operation]),
  )
  const byTag = [...Map.groupBy(endpointRows, ([key]) => key.slice(0, key.indexOf("/")))]
  return page(
    "Symbolon API",
    html`<header>
<h1>Symbolon API</h1>
<p>Service accounts and bearer tokens. The same as documents for machines: <a href="${base}/openapi.json">openapi.json</a>, and of the
<a href="#events">events</a> <a href="${base}/asyncapi.json">asyncapi.json</a>.</p>
<p>The examples take the API's address, up to and with <code>/api</code>, from the environment variable <code>SYMBOLON_URL</code>, and a token
from <code>SYMBOLON_TOKEN</code>. Keep tokens out of commands, files and logs.</p>
<p>Lists answer <code>items</code> and <code>next_cursor</code>: send it as <code>cursor</code> for the next page, until it is null. A page may hold
fewer items than <code>limit</code>. An error is <code>application/problem+json</code> (RFC 9457); its <code>type</code> is the address of a page that tells
what to do.</p>
</header>
<nav aria-label="Contents">
${byTag.map(([tag, rows]) => html`<p><a href="#${tag}">${tag}</a></p><ul>${rows.map(contentsLine)}</ul>`)}
<p><a href="#objects">Objects</a></p>
<p><a href="#events">Events</a></p>
</nav>
<main>
${byTag.map(
  ([tag, rows]) => html`<section aria-labelledby="${tag}">
<h2 id="${tag}">${tag}</h2>
${rows.map(([key, row]) => operationPart(key, row, operations.get(key)))}
</section>
`,
)}<section aria-labelledby="objects">
<h2 id="objects">Objects</h2>
${Object.entries(document.components?.schemas as Record<string, Schema>).map(
  ([name, schema]) => html`<h3 id="object-${name}">${name}</h3>
${fieldTable("Fields", schema)}`,
)}
</section>
${eventsPart()}</main>`,
  )
}

const eventsPart = (): Html => html`<section aria-labelledby="events">
<h2 id="events">Events</h2>
<p>What happens is an <a href="#object-AuditEvent">AuditEvent</a>, and is published within seconds: as the <code>detail</code> of an event on the
EventBridge bus <code>${busOf("<stage>")}</code>, under its action as <code>detail-type</code>. Events come at least once, and may come out of order; one
whose <code>detail.id</code> you have seen is a repetition. New types and fields may come.
<a href="${base}/asyncapi.json">asyncapi.json</a> has the schema and an example of each.</p>
${table(
  "Types",
  ["type", "what has happened"],
  eventRows.map(
    ([type, { says }]) => html`<tr><th scope="row"><code>${type}</code></th><td>${says}</td></tr>
`,
  ),
)}</section>
`

const contentsLine = ([key, { summary }]: [EndpointKey, Endpoint]): Html =>
  html`<li><a href="#${key}">${key}</a> <span class="quiet">${summary}</span></li>`

function operationPart(key: EndpointKey, row: Endpoint, operation: Operation | undefined): Html {
  const success = operation?.responses[row.success]?.content
  const body = operation?.requestBody?.content?.["application/json"]?.schema
  return html`<article aria-labelledby="${key}">
<h3 id="${key}">${key}</h3>
<p><code>${row.route}</code></p>
<p>${row.summary}. Needs ${needsOf(row)}.${row.orCsv ? html` With <code>Accept: text/csv</code> as CSV.` : ""}</p>
${parameterTable(operation?.parameters ?? [])}${body ? fieldTable("Body", body) : html``}${replyPart(row, success?.["application/json"]?.schema)}
<p>Problems: ${meaningsOf(row).map(problemLink)}</p>
<pre><code>${curl(key, row)}</code></pre>
<pre><code>${python(key, row)}</code></pre>
</article>
`
}

const problemLink = ({ slug, status }: ProblemMeaning, at: number): Html =>
  html`${at > 0 ? ", " : ""}<a href="${base}/problems/${slug}">${status} ${slug}</a>`

function replyPart(row: Endpoint, schema: Schema | undefined): Html {
  if (!schema) return html`<p>Answers ${row.success}${row.produces ? `, ${row.produces}` : ", without a body"}.</p>`
  if (schema.$ref) return html`<p>Answers ${row.success}: ${typeOf(schema)}.</p>`
  return html`<p>Answers ${row.success}:</p>${fieldTable("Reply", schema)}`
}

const parameterTable = (parameters: NonNullable<Operation["parameters"]>): Html =>
  parameters.length === 0
    ? html``
    : table(
        "Parameters",
        fieldColumns,
        parameters.map(({ name, in: place, required, schema, description }) =>
          fieldRow(html`<code>${name}</code> <span class="quiet">${place}</span>`, schema, required, description),
        ),
      )

function fieldTable(caption: string, schema: Schema): Html {
  const rows = fieldRows(schema, "")
  const note = schema.description ? html`<p>Rules: ${schema.description}.</p>` : html``
  return rows.length === 0 ? note : html`${table(caption, fieldColumns, rows)}${note}`
}

/** Fields of an object within stand below it, as `user.id`. */
const fieldRows = (schema: Schema, prefix: string): Html[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    fieldRow(html`<code>${prefix}${name}</code>`, field, schema.required?.includes(name)),
    ...fieldRows(field.properties ? field : (field.items ?? {}), `${prefix}${name}.`),
  ])

const fieldRow = (name: Html, schema: Schema, required = false, description = schema.description): Html =>
  html`<tr><th scope="row">${name}</th><td>${typeOf(schema)}</td><td>${required ? "required" : "optional"}</td><td>${description ?? ""}</td></tr>
`

const fieldColumns = ["name", "type", "required", "description"]

const table = (caption: string, columns: string[], rows: Html[]): Html =>
  html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table></div>
`

function typeOf(schema: Schema): Html {
  const name = schema.$ref?.split("/").at(-1)
  if (name) return html`<a href="#object-${name}">${name}</a>`
  if (schema.items) return html`list of ${typeOf(schema.items)}`
  if (schema.anyOf) return html`${schema.anyOf.map((one, at) => html`${at > 0 ? " or " : ""}${typeOf(one)}`)}`
  const words = schema.enum?.join(" | ") ?? schema.format ?? [schema.type ?? "any"].flat().join(" or ")
  return html`${words}${limits(schema)}`
}

function limits({ type, default: preset, minimum = 0, maximum, minLength = 0, maxLength }: Schema): string {
  const range =
    maxLength !== undefined
      ? `, ${minLength === 0 ? "at most" : `${minLength} to`} ${maxLength} characters`
      : type === "integer" && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
        ? `, ${minimum} to ${maximum}`
        : ""
  return `${range}${preset === undefined ? "" : `, default ${JSON.stringify(preset)}`}`
}

const examplePathOf = (row: Endpoint): string =>
  routeOf(row).path.replace(/\{(id|key|slug)\}/g, (_, name: keyof typeof examplePath) => String(examplePath[name]))

/** The token comes from the environment; curl's `--json` says POST, Content-Type and Accept. */
function curl(key: EndpointKey, row: Endpoint): string {
  const { method } = routeOf(row)
  const body = row.body && JSON.stringify(exampleBodies[key] ?? {})
  return [
    `curl -sS "$SYMBOLON_URL${examplePathOf(row)}"`,
    ...(method === "GET" || (method === "POST" && body) ? [] : [`-X ${method}`]),
    ...(row.needs === "nothing" ? [] : ['-H "Authorization: Bearer $SYMBOLON_TOKEN"']),
    ...(row.idempotencyKey ? ['-H "Idempotency-Key: $(uuidgen)"'] : []),
    ...(body ? [`--json '${body.replaceAll("'", "'\\''")}'`] : []),
  ].join(" \\\n  ")
}

function python(key: EndpointKey, row: Endpoint): string {
  const { method } = routeOf(row)
  const headers = [
    ...(row.needs === "nothing" ? [] : [`"Authorization": f"Bearer {os.environ['SYMBOLON_TOKEN']}"`]),
    ...(row.idempotencyKey ? ['"Idempotency-Key": str(uuid.uuid4())'] : []),
  ]
  return [
    "import os",
    ...(row.idempotencyKey ? ["import uuid"] : []),
    "import requests",
    "",
    `response = requests.${method.toLowerCase()}(`,
    `    f"{os.environ['SYMBOLON_URL']}${examplePathOf(row)}",`,
    ...(headers.length > 0 ? [`    headers={${headers.join(", ")}},`] : []),
    ...(row.body ? [`    json=${pythonOf(exampleBodies[key] ?? {})},`] : []),
    "    timeout=10,",
    ")",
    "response.raise_for_status()",
    `print(response.${row.reply ? (row.produces ? "text" : "json()") : "status_code"})`,
  ].join("\n")
}

/** JSON as Python writes it. */
function pythonOf(value: unknown): string {
  if (value === null) return "None"
  if (typeof value === "boolean") return value ? "True" : "False"
  if (Array.isArray(value)) return `[${value.map(pythonOf).join(", ")}]`
  if (typeof value !== "object") return JSON.stringify(value)
  const fields = Object.entries(value as object).map(([name, field]) => `${JSON.stringify(name)}: ${pythonOf(field)}`)
  return `{${fields.join(", ")}}`
}

/** A page for each slug. */
export const problemPages = (): Record<string, string> =>
  Object.fromEntries(
    [...Map.groupBy(meanings, ({ slug }) => slug)].map(([slug, [first, ...more]]) => [
      slug,
      problemPage(first as ProblemMeaning, more),
    ]),
  )

function problemPage(first: ProblemMeaning, more: ProblemMeaning[]): string {
  return page(
    `${first.title} – Symbolon API`,
    html`<nav aria-label="Documentation"><p><a href="${base}/docs">Symbolon API</a></p></nav>
<main>
<h1>${first.title}</h1>
<p><code>${base}/problems/${first.slug}</code></p>
${[first, ...more].map(meaningPart)}
<h2>What to do</h2>
<p>${problemAdvice[first.slug]}</p>
</main>`,
  )
}

function meaningPart(meaning: ProblemMeaning): Html {
  const answering = endpointRows.filter(([, row]) =>
    meaningsOf(row).some(({ slug, status }) => slug === meaning.slug && status === meaning.status),
  )
  const authenticated = endpointRows.filter(([, { needs }]) => needs !== "nothing")
  const operations =
    answering.length === endpointRows.length
      ? html`<p>Every operation answers it.</p>`
      : meaning.status === 401 && answering.length === authenticated.length
        ? html`<p>Every operation that needs a token answers it.</p>`
        : html`<p>Operations that answer it:</p><ul>${answering.map(operationLine)}</ul>`
  return html`<h2>Status ${meaning.status}</h2>
<p>${meaning.detail}</p>
${operations}
`
}

const operationLine = ([key, { route, summary }]: [EndpointKey, Endpoint]): Html =>
  html`<li><a href="${base}/docs#${key}">${key}</a> <code>${route}</code> <span class="quiet">${summary}</span></li>`
