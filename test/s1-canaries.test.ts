import { randomUUID } from "node:crypto"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest"
import { adminTokenEvent } from "../infra/commands/proof.ts"
import { startTestIssuer, type TestIssuer } from "./issuer.ts"
import { type LocalTestStack, startTestStack } from "./local-stack.ts"
import { holdsPartOf, secretOf } from "./secret-windows.ts"

/**
 * S1: every secret that this stage issues is a canary. It is used, misused and handed in wherever a request has room; afterwards no eight
 * characters of it are anywhere but in the one answer that issued it. What the commands print: start.test.ts, admin.test.ts.
 */
let issuer: TestIssuer
let stack: LocalTestStack
/** Every answer of the API, to whomever. */
const answers: { status: number; request: string; text: string }[] = []
const canaries: { what: string; bearerToken: string; handle: string; secret: string }[] = []

const fetched = globalThis.fetch
beforeAll(async () => {
  globalThis.fetch = async (input, init) => {
    const response = await fetched(input, init)
    const request = `${init?.method ?? "GET"} ${input instanceof Request ? input.url : input}`
    answers.push({ status: response.status, request, text: await response.clone().text() })
    return response
  }
  issuer = await startTestIssuer()
  stack = await startTestStack(undefined, issuer.url)
  await issueAll()
  await useAll()
}, 120_000)
afterAll(async () => {
  globalThis.fetch = fetched
  await stack?.stop()
  await issuer?.stop()
})

const canary = (what: string, bearerToken: string): string => {
  canaries.push({ what, bearerToken, handle: bearerToken.slice(0, 25), secret: secretOf(bearerToken) })
  return bearerToken
}

async function issueAll(): Promise<void> {
  const { admin } = stack
  canary("the break-glass token", stack.adminToken)
  const again = await stack.runJob("issue-admin-token", await adminTokenEvent(stack.operator, "admin@example.com"))
  canary("another break-glass token", (again as { bearer_token: string }).bearer_token)
  const { id, user_id } = await admin["users/create"]({ body: { name: "canary", role: "Editor" } })
  const create = { name: "one", type: "Service" as const, user_id, expiration: "30d" }
  const idempotencyKey = randomUUID()
  const made = await admin["user-tokens/create"]({ body: create, idempotencyKey })
  canary("a service account's token", made.bearer_token)
  // A repeat tells of the token, and not the token.
  await expect(admin["user-tokens/create"]({ body: create, idempotencyKey })).rejects.toThrow()
  const rotated = await admin["user-tokens/create"]({ body: { ...create, name: "rotated" } })
  canary("the secret before a rotation", rotated.bearer_token)
  const next = await admin["user-tokens/rotate"]({ id: rotated.id, body: {}, idempotencyKey: randomUUID() })
  canary("the secret after a rotation", next.bearer_token)
  const email = `${randomUUID()}@example.com`
  await admin["users/create"]({ body: { user_type: "User", name: "Ana", role: "Manager", email, teams: [] } })
  const idToken = await issuer.sign({ email, sub: randomUUID() })
  const signedIn = await stack.send("/sign-in", {
    method: "POST",
    token: "",
    body: JSON.stringify({ id_token: idToken }),
  })
  const session = canary("a session", ((await signedIn.json()) as { bearer_token: string }).bearer_token)
  const body = { name: "laptop", type: "Personal" as const, expiration: "30d" }
  canary("a personal token", (await stack.as(session)["user-tokens/create"]({ body })).bearer_token)
  canary(
    "of an account that is deactivated",
    (await admin["user-tokens/create"]({ body: { ...create, name: "two" } })).bearer_token,
  )
  expect(id).toBeGreaterThan(0)
}

/** As itself, broken, and where it doesn't belong. */
async function useAll(): Promise<void> {
  for (const { bearerToken: token, handle } of canaries) {
    const json = (value: unknown) => JSON.stringify(value)
    const own = handle.slice(16)
    for (const [path, init] of [
      ["/users/me", {}],
      [
        "/users/me",
        { headers: { "User-Agent": `tool ${token}`, Referer: `https://example.com/${token}`, Cookie: `t=${token}` } },
      ],
      [`/users/${token}`, {}],
      [`/nothing/${token}`, {}],
      [`/users?q=${token}&cursor=${token}`, {}],
      [`/user-tokens/service?q=${token}`, {}],
      [`/audit-events?user_id=${token}`, {}],
      ["/users", { method: "POST", body: json({ name: token, role: "Member" }) }],
      ["/users", { method: "POST", body: json({ [token]: token }) }],
      ["/users", { method: "POST", body: token }],
      [
        "/user-tokens",
        { method: "POST", body: json({ name: token, type: "Service", user_id: token, expiration: token }) },
      ],
      ["/user-tokens", { method: "POST", body: "{}", headers: { "Idempotency-Key": token } }],
      ["/teams", { method: "POST", body: json({ name: token }) }],
      ["/settings", { method: "PUT", body: json({ max_expiry_days: token }), headers: { "If-Match": token } }],
      ["/sign-in", { method: "POST", body: json({ id_token: token }) }],
      [`/user-tokens/${own}`, { method: "PUT", body: json({ active: token }) }],
      ["/access-review", {}],
      ["/access-review", { headers: { Accept: "text/csv" } }],
      ["/users/me", { token: `${token}x` }],
      ["/users/me", { token: token.slice(0, -1) }],
      ["/users/me", { token: `${token}, ${token}` }],
    ] as [string, RequestInit & { token?: string }][])
      await stack.send(path, { token, ...init } as never)
  }
  const { admin } = stack
  const { items } = await admin["user-tokens/list-service"]({ query: { limit: 100 } })
  const named = (name: string) => items.find((token) => token.name === name) as (typeof items)[number]
  await admin["user-tokens/rotate-complete"]({ id: named("rotated").id, body: {} }).catch(() => {})
  await admin["user-tokens/update"]({ id: named("one").id, body: { active: false, compromised: true } })
  await admin["users/update"]({ id: named("two").user.id, body: { active: false } })
  for (const { bearerToken } of canaries) await stack.send("/users/me", { token: bearerToken })
  for (const job of ["flag-unused-tokens", "remind-expiring-tokens", "check-integrity", "send-digests", "mark-archive"])
    await stack.runJob(job, {})
  await admin["audit-events/list"]({ query: { limit: 100 } })
}

/** Which secrets have eight characters of theirs in it. */
const found = (text: string): string[] =>
  canaries.filter(({ secret }) => holdsPartOf(secret, text)).map(({ what }) => what)

/** Each file below a folder, as it is on the disk. */
function* filesOf(directory: string, named = /./): Generator<[name: string, text: string]> {
  for (const file of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    const path = join(directory, file)
    if (named.test(file) && statSync(path).isFile()) yield [file, readFileSync(path, "latin1")]
  }
}

describe("S1 of every secret that was issued, no eight characters are", () => {
  test("in any answer but its own 201", () => {
    const issuing = answers.filter(({ status, text }) => status === 201 && text.includes('"bearer_token"'))
    expect(issuing.map(({ text }) => found(text)).toSorted()).toEqual(
      canaries
        .filter(({ what }) => !what.includes("break-glass"))
        .map(({ what }) => [what])
        .toSorted(),
    )
    const others = answers.filter((answer) => !issuing.includes(answer))
    expect(others.length).toBeGreaterThan(canaries.length * 20)
    expect(
      others.filter(({ text }) => found(text).length > 0).map(({ request, status }) => `${status} ${request}`),
    ).toEqual([])
    // Problems of each kind were among them.
    expect([...new Set(others.map(({ status }) => status))]).toEqual(expect.arrayContaining([200, 401, 404, 409, 422]))
  })

  test("in any log, file of the stage or row of its table", async () => {
    const logs = await stack.logs()
    expect(found(logs)).toEqual([])
    // Whose they are is told: the search would have found it.
    for (const { handle } of canaries) expect(logs).toContain(handle)
    const rows = await stack.rows.dump()
    expect(rows.length).toBeGreaterThan(canaries.length * 2)
    expect(found(JSON.stringify(rows))).toEqual([])
    let files = 0
    for (const [name, text] of filesOf(stack.directory)) {
      files++
      expect([name, found(text)]).toEqual([name, []])
    }
    // The table, the secrets, the logs, and what was sent.
    expect(files).toBeGreaterThan(10)
  })

  test("in a template or a snapshot, nor is there any token at all", () => {
    const aToken = /sym(svc|usr|ses)_[0-9A-Za-z]{18}_[0-9A-Za-z]{49}/
    const all = [
      ...filesOf(inject("assembly"), /\.(json|txt)$/),
      ...filesOf(join(import.meta.dirname, "infra"), /\.(json|snap)$/),
    ]
    expect(all.length).toBeGreaterThan(5)
    for (const [name, text] of all) expect([name, found(text), aToken.test(text)]).toEqual([name, [], false])
  })

  test("anywhere that this search could miss: it finds a canary of eight characters", () => {
    for (const { what, secret } of canaries) {
      expect(found(`… ${secret.slice(20, 28)} …`)).toEqual([what])
      expect(found(`… ${secret.slice(20, 27)} …`)).toEqual([])
    }
  })
})
