// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest"
import type { Issuer } from "../../console/session/issuer.ts"
import { createSession } from "../../console/session/session.ts"
import { aUser } from "./show.tsx"

const apiUrl = "http://localhost:3000/api"

const issuer = (over: Partial<Issuer> = {}): Issuer => ({
  visit: vi.fn(async () => undefined),
  arrive: vi.fn(async () => ({ idToken: "id-token", path: "/settings/tokens" })),
  ask: vi.fn(async () => "another-id-token"),
  answer: vi.fn(async () => undefined),
  leave: vi.fn(async () => undefined),
  ...over,
})

/** What the API answers, one after the other; and what it was asked. */
function answering(...answers: [status: number, body?: object][]) {
  const asked: Request[] = []
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(request)
    const [status, body] = answers.shift() ?? [500]
    return new Response(body ? JSON.stringify(body) : null, { status })
  })
  return asked
}

/** As long as the API makes one. */
const expiration = new Date(Date.now() + 8 * 3_600_000).toISOString()
const session = { bearer_token: "symses_secret", expiration, user: aUser({ role: "Manager" }) }
const refused = { type: "/api/problems/token-revoked", title: "Token revoked" }

beforeEach(() => {
  sessionStorage.clear()
  history.replaceState(null, "", "/callback?code=the-code")
})

test("an ID token is exchanged once; its session is in memory, and nowhere else", async () => {
  const asked = answering([201, session], [200, { items: [], next_cursor: null }])
  const one = createSession(apiUrl, issuer())
  await one.start()
  expect(one.state()).toMatchObject({
    status: "signed-in",
    me: { permissions: expect.arrayContaining(["users:read"]) },
  })
  expect(location.pathname + location.search).toBe("/settings/tokens")
  await one.client["teams/list"]({})
  expect(asked.map(({ headers }) => headers.get("Authorization"))[1]).toBe("Bearer symses_secret")
  expect(JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href])).not.toContain("symses_")
})

test("without a session at the issuer nobody is asked anything, and the page that was wanted is kept", async () => {
  const one = createSession(apiUrl, issuer({ arrive: async () => ({ path: "/audit-log" }) }))
  await one.start()
  expect(one.state()).toEqual({ status: "signed-out" })
  expect(location.pathname).toBe("/audit-log")
})

test("a refusal of the API ends the session, and another sign-in goes on with it", async () => {
  answering([201, session], [401, refused], [201, session])
  const one = createSession(apiUrl, issuer())
  await one.start()
  await expect(one.client["teams/list"]({})).rejects.toThrow("Token revoked")
  expect(one.state()).toMatchObject({ status: "ended", me: { user_id: "api_access@service" } })
  await one.signInAgain()
  expect(one.state().status).toBe("signed-in")
})

test("a sign-in that is refused is told, and is no session", async () => {
  answering([401, { type: "/api/problems/sign-in-refused", title: "Sign-in refused", instance: "i" }])
  const one = createSession(apiUrl, issuer())
  await one.start()
  expect(one.state()).toMatchObject({ status: "signed-out", refusal: { problem: { instance: "i" } } })
})

test("who has signed out is not signed in silently, until they ask to be", async () => {
  answering([201, session], [204])
  const one = createSession(apiUrl, issuer())
  await one.start()
  await one.signOut()
  expect(one.state()).toEqual({ status: "signed-out" })
  const later = issuer()
  const next = createSession(apiUrl, later)
  await next.start()
  expect(later.visit).not.toHaveBeenCalled()
  await next.signIn()
  expect(later.visit).toHaveBeenCalledWith("/settings/tokens", false)
})
