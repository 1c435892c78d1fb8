// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest"
import { IssuerProblem } from "../../console/api/problem.ts"
import type { Issuer } from "../../console/session/issuer.ts"
import { createSession } from "../../console/session/session.ts"
import { aUser } from "./show.tsx"

const apiUrl = "http://localhost:3000/api"

const issuer = (over: Partial<Issuer> = {}): Issuer => ({
  visit: vi.fn(async () => undefined),
  isAnswer: () => true,
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

test("an answer that is another page's is handed to it, whoever has opened this window, and is no session here", async () => {
  const asked = answering()
  const opened = issuer({ isAnswer: () => false })
  const one = createSession(apiUrl, opened)
  await one.start()
  expect(opened.answer).toHaveBeenCalledOnce()
  expect(opened.arrive).not.toHaveBeenCalled()
  expect([one.state(), location.pathname + location.search, asked]).toEqual([{ status: "signed-out" }, "/", []])
  // A portal's window is not ours: what answers this tab is taken here.
  vi.stubGlobal("opener", {})
  history.replaceState(null, "", "/callback?code=the-code")
  answering([201, session])
  const other = createSession(apiUrl, issuer())
  await other.start()
  expect(other.state().status).toBe("signed-in")
  vi.stubGlobal("opener", null)
})

test("a sign-in that fails at the issuer leaves no code in the address, and the next one doesn't come back to it", async () => {
  const failing = issuer({ arrive: async () => Promise.reject(new IssuerProblem("access_denied")) })
  const one = createSession(apiUrl, failing)
  await one.start()
  expect(one.state()).toMatchObject({ status: "signed-out", refusal: { message: "access_denied" } })
  expect(location.pathname + location.search).toBe("/")
  await one.signIn()
  expect(failing.visit).toHaveBeenCalledWith("/", false)
  const unreachable = issuer({ visit: async () => Promise.reject(new IssuerProblem("unreachable")) })
  const two = createSession(apiUrl, unreachable)
  await two.signIn()
  expect(two.state()).toMatchObject({ refusal: { message: "unreachable" } })
})

test("nobody is led to another host: not by what they asked for, nor by what the issuer brings back", async () => {
  history.replaceState(null, "", "/")
  history.pushState(null, "", `${location.origin}//evil.example/x`)
  const asking = issuer()
  await createSession(apiUrl, asking).start()
  expect(asking.visit).toHaveBeenCalledWith("/evil.example/x", true)
  history.replaceState(null, "", "/callback?code=the-code")
  answering([201, session])
  await createSession(apiUrl, issuer({ arrive: async () => ({ idToken: "i", path: "//evil.example" }) })).start()
  expect([location.host, location.pathname]).toEqual(["localhost:3000", "/evil.example"])
})

test("a session ends here at its end, and a late refusal of an old one ends no new one", async () => {
  vi.useFakeTimers()
  const late = Promise.withResolvers<Response>()
  answering([201, { ...session, expiration: new Date(Date.now() + 60_000).toISOString() }])
  const one = createSession(apiUrl, issuer())
  await one.start()
  vi.stubGlobal("fetch", () => late.promise)
  const slow = one.client["teams/list"]({}).catch(() => undefined)
  vi.advanceTimersByTime(59_999)
  expect(one.state().status).toBe("signed-in")
  vi.advanceTimersByTime(1)
  expect(one.state().status).toBe("ended")
  answering([201, { ...session, bearer_token: "symses_new" }])
  await one.signInAgain()
  late.resolve(new Response(JSON.stringify(refused), { status: 401 }))
  await slow
  expect(one.state().status).toBe("signed-in")
  vi.useRealTimers()
})

test("somebody else than before gets a page of their own, and nothing of this one", async () => {
  answering([201, session], [201, { ...session, user: aUser({ id: 7, user_id: "eve@example.com" }) }])
  const one = createSession(apiUrl, issuer())
  await one.start()
  const me = one.state()
  // jsdom has no navigation, and says so.
  vi.spyOn(console, "error").mockReturnValue(undefined)
  await one.signInAgain().catch(() => undefined)
  expect(one.state()).toBe(me)
})

test("who signs out is out at once, and gone within two seconds, also while the API doesn't answer", async () => {
  vi.useFakeTimers()
  answering([201, session])
  const leaving = issuer()
  const one = createSession(apiUrl, leaving)
  await one.start()
  const asked: Request[] = []
  vi.stubGlobal("fetch", (request: Request) => {
    asked.push(request)
    return new Promise(() => undefined)
  })
  const out = one.signOut()
  expect(one.state()).toEqual({ status: "signed-out" })
  await vi.advanceTimersByTimeAsync(2000)
  await out
  expect(leaving.leave).toHaveBeenCalledOnce()
  expect(asked.map(({ method, headers }) => [method, headers.get("Authorization")])).toEqual([
    ["DELETE", "Bearer symses_secret"],
  ])
  vi.useRealTimers()
})
