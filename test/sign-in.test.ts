import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { AuditEvent } from "../shared/contract/objects.ts"
import { permissionsOf, type Role, roles } from "../shared/contract/permissions.ts"
import { until } from "./infra/local/fixture.ts"
import { cognitoClaims, startTestIssuer, type TestIssuer } from "./issuer.ts"
import { type LocalTestStack, startTestStack } from "./local-stack.ts"
import { holdsPartOf } from "./secret-windows.ts"

/** Humans sign in over HTTP: the deployed bundle, with an issuer in this process. */
let issuer: TestIssuer
let stack: LocalTestStack
beforeAll(async () => {
  issuer = await startTestIssuer()
  stack = await startTestStack(undefined, issuer.url)
})
afterAll(async () => {
  await stack.stop()
  await issuer.stop()
})

const aHuman = async (role: Role = "Member", teams: string[] = []) => {
  const email = `${randomUUID()}@example.com`
  const body = { user_type: "User" as const, name: `A ${role}`, role, email, teams }
  const { id } = await stack.admin["users/create"]({ body })
  return { id, email, claims: { email, sub: randomUUID() } }
}
const exchange = (idToken: string, headers: Record<string, string> = {}) =>
  stack.send("/sign-in", { method: "POST", token: "", body: JSON.stringify({ id_token: idToken }), headers })
async function enter(claims: Record<string, unknown>) {
  const response = await exchange(await issuer.sign(claims))
  expect(response.status).toBe(201)
  expect(response.headers.get("cache-control")).toBe("no-store")
  return (await response.json()) as { bearer_token: string; expiration: string; user: { id: number; bound: boolean } }
}
const signOut = (token: string) => stack.send("/sign-in?reason=done", { method: "DELETE", token })
const problemTo = async (token: string) => {
  const response = await stack.send("/users/me", { token })
  return response.ok ? "none" : ((await response.json()) as { type: string }).type.split("/").pop()
}
/** The newest events of an action. */
const trail = async (action: string): Promise<AuditEvent[]> => {
  const from = new Date(Date.now() - 600_000).toISOString()
  return (await stack.admin["audit-events/list"]({ query: { action, from, limit: 100 } })).items
}

describe.each(roles)("a human with the role %s", (role) => {
  test.each([
    ["the common shape", {}],
    ["Cognito's shape", cognitoClaims()],
  ])("signs in with an ID token of %s, is who they are, and signs out", async (_shape, shape) => {
    const team = await stack.admin["teams/create"]({ body: { name: `Team ${randomUUID().slice(0, 8)}` } })
    const { id, email, claims } = await aHuman(role, [team.name])
    const { bearer_token, expiration, user } = await enter({ ...shape, ...claims })
    expect(user).toMatchObject({ id, bound: true, teams: ["Public", team.name] })
    const hours = (Date.parse(expiration) - Date.now()) / 3_600_000
    expect(hours).toBeGreaterThan(7.9)
    expect(hours).toBeLessThanOrEqual(8)
    const me = await stack.as(bearer_token)["users/me"]({})
    expect(me).toMatchObject({ id, user_id: email, role, permissions: permissionsOf(role) })
    expect(me.token).toMatchObject({ handle: bearer_token.slice(0, 25), expiration })
    expect((await signOut(bearer_token)).status).toBe(204)
    expect(await problemTo(bearer_token)).toBe("token-revoked")
    expect((await signOut(bearer_token)).status).toBe(401)
  })
})

describe("a session", () => {
  test("makes personal tokens, which outlive it, and is in no list of tokens", async () => {
    const { claims } = await aHuman()
    const { bearer_token } = await enter(claims)
    const client = stack.as(bearer_token)
    const body = { name: "laptop", type: "Personal" as const, expiration: "30d" }
    const personal = await client["user-tokens/create"]({ body })
    expect((await client["user-tokens/list"]({})).items.map(({ name }) => name)).toEqual(["laptop"])
    const { token } = await client["users/me"]({})
    const shown = await stack.send(`/user-tokens/${token.id}`, { token: bearer_token })
    expect(shown.status).toBe(404)
    await signOut(bearer_token)
    expect(await problemTo(personal.bearer_token)).toBe("none")
    // Whose own sign-out it isn't.
    expect((await signOut(personal.bearer_token)).status).toBe(404)
    expect(await problemTo(personal.bearer_token)).toBe("none")
  })

  test("ends with the account's tokens, and is refused while the account is not active, on the next request", async () => {
    const { id, claims } = await aHuman("Manager")
    const { bearer_token } = await enter(claims)
    await stack.admin["users/update"]({ id, body: { active: false } })
    expect(await problemTo(bearer_token)).toBe("account-inactive")
    await stack.admin["users/update"]({ id, body: { active: true } })
    expect(await problemTo(bearer_token)).toBe("none")
    await stack.admin["users/revoke-tokens"]({ id, body: {} })
    expect(await problemTo(bearer_token)).toBe("token-revoked")
  })

  test("is told of with where it came from: not by what anybody can write, but by what our CDN has proven", async () => {
    const { id, claims } = await aHuman()
    const { "symbolon-local-edge": edge } = JSON.parse(readFileSync(join(stack.directory, "secrets.json"), "utf8"))
    const forged = {
      "X-Forwarded-For": "198.51.100.1",
      "X-Symbolon-Viewer": "198.51.100.2",
      "X-Symbolon-Edge": "guess",
    }
    const proven = { "X-Symbolon-Viewer": "198.51.100.3", "X-Symbolon-Edge": edge, "User-Agent": "a browser" }
    for (const headers of [forged, proven])
      expect((await exchange(await issuer.sign(claims), headers)).status).toBe(201)
    const own = (await trail("account.signed-in")).filter(({ subject }) => subject.id === id)
    expect(own.map(({ ip }) => ip)).toEqual(["198.51.100.3", "127.0.0.1"])
    expect(own[0]).toMatchObject({ user_agent: "a browser", actor: { id, handle: own[0]?.subject.handle } })
  })

  test("is in its answer, and neither it nor the ID token in any log or row", async () => {
    const { claims } = await aHuman()
    const idToken = await issuer.sign(claims)
    const { bearer_token } = (await (await exchange(idToken)).json()) as { bearer_token: string }
    await exchange(idToken)
    await signOut(bearer_token)
    const seen = (await stack.logs()) + JSON.stringify(await stack.rows.dump())
    expect(seen).toContain('"endpoint":"sign-in/create"')
    const signature = idToken.split(".")[2] as string
    for (const secret of [bearer_token.slice(26), signature]) expect(holdsPartOf(secret, seen)).toBe(false)
  })
})

test("an issuer that changes its keys signs people in as before", async () => {
  const { claims } = await aHuman()
  await enter(claims)
  await issuer.rotate()
  await enter(claims)
})

test("while the issuer can't be asked the answer is 503: nobody is bound, nothing is in the trail, and the same ID token is good after", async () => {
  const { id, claims } = await aHuman()
  const before = (await trail("account.sign-in-refused")).length
  await issuer.rotate()
  const idToken = await issuer.sign(claims)
  issuer.down(true)
  const response = await exchange(idToken)
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"])
  expect(await response.json()).toMatchObject({ type: "/api/problems/service-unavailable" })
  expect((await stack.admin["users/get"]({ id })).bound).toBe(false)
  expect((await trail("account.sign-in-refused")).length).toBe(before)
  issuer.down(false)
  // As Retry-After says: the issuer isn't asked again for two seconds.
  await until(async () => (await exchange(idToken)).status === 201)
  expect((await stack.admin["users/get"]({ id })).bound).toBe(true)
})

test("two first sign-ins of one human at once, over HTTP, bind once and are both in", async () => {
  const { id, claims } = await aHuman()
  const sessions = await Promise.all([enter(claims), enter(claims)])
  for (const { bearer_token, user } of sessions) expect([user.id, await problemTo(bearer_token)]).toEqual([id, "none"])
  const own = (await trail("account.signed-in")).filter(({ subject }) => subject.id === id)
  expect(own.map(({ after }) => after.binding !== undefined).sort()).toEqual([false, true])
})

test("a human who was unbound is whoever signs in next with their verified email", async () => {
  const { id, claims } = await aHuman()
  await enter(claims)
  const other = { ...claims, sub: randomUUID() }
  expect((await exchange(await issuer.sign(other))).status).toBe(401)
  expect((await stack.admin["users/update"]({ id, body: { unbind: true } })).bound).toBe(false)
  expect((await enter(other)).user).toMatchObject({ id, bound: true })
  const answer = await stack.send(`/users/${id}`, { method: "PUT", body: JSON.stringify({ unbind: false }) })
  expect(answer.status).toBe(422)
})

/** Last in this file: after a key that the issuer doesn't have, it isn't asked for another one for two seconds. */
describe("a refusal", () => {
  test("is one answer, whatever its reason, which the audit trail alone has", async () => {
    const service = await stack.admin["users/create"]({
      body: { name: `s ${randomUUID()}`, role: "Admin", email: `${randomUUID()}@example.com` },
    })
    const bound = await aHuman()
    await enter(bound.claims)
    const inactive = await aHuman()
    await stack.admin["users/update"]({ id: inactive.id, body: { active: false } })
    const used = await issuer.sign(bound.claims)
    expect((await exchange(used)).status).toBe(201)
    const now = Math.floor(Date.now() / 1000)
    const { claims } = await aHuman()
    const signed = (over: object, header = {}) => issuer.sign({ ...claims, ...over }, header)
    const other = await startTestIssuer()
    const refused: [reason: string, idToken: string][] = [
      ["malformed", "none"],
      ["not-an-id-token", await signed({ token_use: "access" })],
      ["unknown-key", await other.sign({ ...claims, iss: issuer.url })],
      ["wrong-signature", `${used.slice(0, used.lastIndexOf("."))}.AAAA`],
      [
        "unsupported-algorithm",
        `${Buffer.from('{"alg":"none","kid":"KID"}'.replace("KID", String(issuer.jwks()[0]?.kid))).toString("base64url")}.${used.split(".").slice(1).join(".")}`,
      ],
      ["wrong-issuer", await signed({ iss: "https://issuer.example.com" })],
      ["wrong-audience", await signed({ aud: "another client" })],
      ["expired", await signed({ exp: now - 1 })],
      ["stale", await signed({ iat: now - 320 })],
      ["future", await signed({ iat: now + 320 })],
      ["no-email", await signed({ email: undefined })],
      ["unverified-email", await signed({ email_verified: false })],
      ["used-before", used],
      ["unknown-human", await signed({ email: `${randomUUID()}@example.com`, sub: randomUUID() })],
      ["unknown-human", await signed({ email: service.email, sub: randomUUID() })],
      ["account-inactive", await issuer.sign(inactive.claims)],
      ["bound-to-another", await issuer.sign({ ...bound.claims, sub: randomUUID() })],
    ]
    await other.stop()
    const answers = []
    for (const [, idToken] of refused) {
      const response = await exchange(idToken)
      const { instance, ...problem } = (await response.json()) as { instance: string }
      answers.push({ instance, told: JSON.stringify([response.status, [...response.headers.keys()], problem]) })
    }
    expect(new Set(answers.map(({ told }) => told)).size).toBe(1)
    expect(answers[0]?.told).toContain('"type":"/api/problems/sign-in-refused"')
    const events = new Map((await trail("account.sign-in-refused")).map((event) => [event.request_id, event]))
    const reasons = answers.map(({ instance }) => events.get(instance)?.after.reason)
    expect(reasons).toEqual(refused.map(([reason]) => reason))
    // The log counts, and no more.
    const logs = await stack.logs()
    expect(logs).toContain('"event":"sign-in.refused"')
    for (const reason of ["bound-to-another", "unverified-email", "unknown-human"]) expect(logs).not.toContain(reason)
  })

  test("is not what a body deserves that has no ID token at all", async () => {
    for (const [body, status] of [
      [{}, 422],
      [{ id_token: 1 }, 422],
      [{ id_token: null }, 422],
      [{ id_token: "none", email: "ana@example.com" }, 422],
      [{ id_token: "x".repeat(16_384) }, 413],
    ] as const)
      expect((await stack.send("/sign-in", { method: "POST", token: "", body: JSON.stringify(body) })).status).toBe(
        status,
      )
  })
})
