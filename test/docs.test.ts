import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { endpointRows } from "../shared/contract/endpoints.ts"
import { eventRows } from "../shared/contract/events.ts"
import { problems } from "../shared/contract/problems.ts"
import { refusals } from "../shared/contract/refusals.ts"
import { openTestStack, type RunningStack } from "./local-stack.ts"

const committed = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, "../docs", name), "utf8"))
const slugs = [...new Set([...Object.keys(problems), ...Object.keys(refusals)])]

describe("served to everyone", () => {
  let stack: RunningStack
  beforeAll(async () => {
    stack = await openTestStack()
  })
  afterAll(() => stack.stop())
  const get = (path: string) => stack.send(path, { token: "" })

  async function pageOf(path: string): Promise<string> {
    const response = await get(path)
    expect([path, response.status]).toEqual([path, 200])
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8")
    expect(response.headers.get("x-content-type-options")).toBe("nosniff")
    expect(response.headers.get("referrer-policy")).toBe("no-referrer")
    expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'unsafe-inline';/)
    const page = await response.text()
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(page).not.toMatch(/<script|javascript:|\son\w+=|undefined|\[object|<(?:link|img|iframe|form)\b/i)
    return page
  }

  test("GET /openapi.json is the committed document", async () => {
    const response = await get("/openapi.json")
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"])
    expect(await response.json()).toEqual(committed("openapi.json"))
    expect(response.headers.get("content-security-policy")).toBe(
      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    )
  })

  test("GET /asyncapi.json is the committed document", async () => {
    const response = await get("/asyncapi.json")
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"])
    expect(await response.json()).toEqual(committed("asyncapi.json"))
  })

  test("GET /docs has each operation, with curl and Python, and each event; all of its links lead somewhere", async () => {
    const page = await pageOf("/docs")
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id as string)
    expect(new Set(ids).size).toBe(ids.length)
    for (const [key] of endpointRows) expect(ids).toContain(key)
    expect(page.match(/<pre><code>curl /g)).toHaveLength(endpointRows.length)
    expect(page.match(/<pre><code>import os/g)).toHaveLength(endpointRows.length)
    for (const [type, { says }] of eventRows)
      expect(page).toContain(`<code>${type}</code></th><td>${says.replaceAll("'", "&#39;")}</td>`)
    expect(page).not.toMatch(/sym(?:svc|usr|ses)_/)
    const links = [...page.matchAll(/\shref="([^"]+)"/g)].map(([, link]) => link as string)
    const elsewhere = ["openapi.json", "asyncapi.json", ...slugs.map((slug) => `problems/${slug}`)]
    const known = [...ids.map((id) => `#${id}`), ...elsewhere.map((path) => `/api/${path}`)]
    expect(links.filter((link) => !known.includes(link))).toEqual([])
  })

  test.each(slugs)("GET /problems/%s is a page", async (slug) => {
    const page = await pageOf(`/problems/${slug}`)
    expect(page).toContain(`<code>/api/problems/${slug}</code>`)
    expect(page).toMatch(/<h2>Status \d{3}<\/h2>[\s\S]*answers? it[\s\S]*<h2>What to do<\/h2>\n<p>.{10,}/)
  })

  test("the page of a slug with two meanings has both", async () => {
    const page = await pageOf("/problems/token-expired")
    expect([...page.matchAll(/Status (\d+)/g)].map(([, status]) => status)).toEqual(["401", "409"])
  })

  test.each(["no-such-problem", "constructor", "__proto__", "toString", "%3Cscript%3E"])(
    "GET /problems/%s is 404, and repeats nothing",
    async (slug) => {
      const response = await get(`/problems/${slug}`)
      expect([response.status, response.headers.get("content-type")]).toEqual([404, "application/problem+json"])
      expect(await response.text()).not.toContain("script")
    },
  )

  test("the typed client reads the pages too", async () => {
    expect(await stack.as("")["docs/problem"]({ slug: "not-found" })).toContain("<h1>Not found</h1>")
  })
})
