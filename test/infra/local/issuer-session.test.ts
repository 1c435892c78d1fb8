import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { openBrowser } from "../../../examples/sign-in/browser.ts"
import { type LocalIssuer, startIssuer } from "../../../infra/local/issuer.ts"
import { people } from "../../../infra/local/people.ts"
import { open, questionAt, redirectUri } from "./question.ts"

let issuer: LocalIssuer
beforeAll(async () => {
  issuer = await startIssuer({ port: 0 })
})
afterAll(() => issuer.stop())

const question = (changes?: Parameters<typeof questionAt>[1]) => questionAt(issuer.url, changes)

/** The page that a sign-in begins with, and the cookies that it is known by. */
async function personPage() {
  const first = await open(question())
  const Cookie = first.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ")
  const url = new URL(first.headers.get("Location") as string, issuer.url)
  return { url, Cookie, response: await fetch(url, { headers: { Cookie } }) }
}

describe("the page of the people", () => {
  it("has a button for each, with name, email and role, and loads nothing", async () => {
    const { response } = await personPage()
    expect(response.headers.get("Content-Security-Policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; form-action 'self' http:\/\/127\.0\.0\.1:4000; frame-ancestors 'none'; base-uri 'none'$/,
    )
    const page = await response.text()
    expect(page).toContain('<html lang="en">')
    expect(page).toContain("<h1>Sign in</h1>")
    const buttons = [...page.matchAll(/<button [^>]*>(.*?)<\/button>/g)].map(([, text]) =>
      text?.replace(/<[^>]*>/g, ""),
    )
    expect(buttons).toEqual(people.map(({ name, email, role }) => `${name} ${email} ${role}`))
    expect(page).not.toMatch(/<script|<link|<img|url\(/)
  })

  it("is of the sign-in that its browser has begun, and signs in nobody else", async () => {
    const { url, Cookie } = await personPage()
    const choose = async (person: string, headers: Record<string, string>) => {
      const body = new URLSearchParams({ person })
      return (await fetch(url, { method: "POST", redirect: "manual", headers, body })).status
    }
    expect(await choose("admin@example.com", {})).toBe(400)
    expect(await choose("stranger@example.com", { Cookie })).toBe(400)
    expect(await choose("admin@example.com", { Cookie })).toBe(303)
  })
})

describe("a session of the local issuer", () => {
  it("signs in again without a question, also where none is allowed, until it is signed out", async () => {
    const browser = openBrowser("manager@example.com")
    const silently = async () => (await browser(question({ prompt: "none" }), redirectUri)).searchParams
    expect((await silently()).get("error")).toBe("login_required")
    await browser(question(), redirectUri)
    expect((await silently()).get("code")).toEqual(expect.any(String))

    const out = new URL("/session/end", issuer.url)
    const back = "http://127.0.0.1:4000/"
    out.search = new URLSearchParams({ client_id: "console", post_logout_redirect_uri: back, state: "out" }).toString()
    expect((await browser(out, back)).href).toBe(`${back}?state=out`)
    expect((await silently()).get("error")).toBe("login_required")
  })

  it("ends on a page that says so, where there is nowhere to go back to", async () => {
    const browser = openBrowser("manager@example.com")
    await browser(question(), redirectUri)
    await browser(new URL("/session/end", issuer.url), `${issuer.url}/session/end/success`)
    const page = await open(new URL("/session/end/success", issuer.url))
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("<h1>Signed out</h1>")])
  })

  it("goes back to nowhere else", async () => {
    const out = new URL("/session/end", issuer.url)
    out.search = new URLSearchParams({
      client_id: "console",
      post_logout_redirect_uri: "https://example.com/",
    }).toString()
    expect((await open(out)).status).toBe(400)
  })
})
