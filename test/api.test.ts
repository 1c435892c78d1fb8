// Long because it walks the contract from the outside, a paragraph of api.md after the other, on one running stack.
import { randomUUID } from "node:crypto"
import { request as httpRequest } from "node:http"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { ApiProblem } from "../shared/contract/client.ts"
import { insideTest, openTestStack, type RunningStack } from "./local-stack.ts"
import { aHuman, aService } from "./people.ts"
import { holdsPartOf } from "./secret-windows.ts"

let stack: RunningStack

beforeAll(async () => {
  stack = await openTestStack()
  await createTeams(["Data Engineering", "Data Quality"])
})
afterAll(() => stack.stop())

/** Those that aren't there yet: a stage outlives the tests that were here before. */
async function createTeams(names: readonly string[]): Promise<void> {
  for (const name of names)
    await stack.admin["teams/create"]({ body: { name } }).catch((error) => {
      if (error.problem?.type !== "/api/problems/team-name-taken") throw error
    })
}
const uniqueName = () => `n ${randomUUID()}`
const typeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no problem",
    (error) => (error instanceof ApiProblem ? `${error.status} ${error.problem.type.split("/").pop()}` : String(error)),
  )

/** Asks again until it holds; fails after five seconds, which is the contract's for `last_used`. */
async function within5s<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 5000
  for (;;) {
    const value = await ask()
    if (holds(value)) return value
    if (Date.now() > deadline) throw new Error(`not within 5 s: ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe("the main walk", () => {
  test("a service account's token opens the API until it is revoked, again after the restore, and can be deleted", async () => {
    const { admin } = stack
    const user = await admin["users/create"]({
      body: { name: `Pipeline ${randomUUID().replaceAll("-", "")}`, role: "Editor", teams: ["Data Engineering"] },
    })
    expect(user).toMatchObject({ user_type: "Service", role: "Editor", teams: ["Public", "Data Engineering"] })
    expect(user.user_id).toMatch(/^pipeline_[0-9a-f]{32}@service$/)
    expect(user.email).toMatch(/^\S+@\S+$/)
    const token = await admin["user-tokens/create"]({
      body: { name: "production", type: "Service", user_id: user.user_id, expiration: "1y" },
    })
    const open = () => stack.send("/users/me", { token: token.bearer_token })
    const first = await open()
    expect(first.status).toBe(200)
    expect(await first.json()).toMatchObject({
      id: user.id,
      role: "Editor",
      permissions: ["results:read", "datastores:read", "resources:write"],
      token: { id: token.id, handle: token.bearer_token.slice(0, 25), expiration: token.expiration },
    })

    await within5s(
      () => admin["user-tokens/get"]({ id: token.id }),
      ({ last_used }) => last_used !== null,
    )

    const revoked = await admin["user-tokens/update"]({ id: token.id, body: { active: false, reason: "a test" } })
    expect(revoked).toMatchObject({ active: false, status: "revoked" })
    const refused = await open()
    expect([refused.status, ((await refused.json()) as { type: string }).type]).toEqual([
      401,
      "/api/problems/token-revoked",
    ])
    expect(await typeOf(admin["user-tokens/update"]({ id: token.id, body: { active: false } }))).toBe("no problem")

    await admin["user-tokens/update"]({ id: token.id, body: { active: true } })
    expect((await open()).status).toBe(200)
    expect(await typeOf(admin["user-tokens/delete"]({ id: token.id }))).toBe("409 token-active")

    await admin["user-tokens/update"]({ id: token.id, body: { active: false } })
    await admin["user-tokens/delete"]({ id: token.id, query: { reason: "done" } })
    expect(await typeOf(admin["user-tokens/delete"]({ id: token.id }))).toBe("404 not-found")
    const gone = await open()
    expect(((await gone.json()) as { type: string }).type).toBe("/api/problems/invalid-token")
  })

  test("role, teams and state of an account hold on the next request; revoke-tokens ends all of its tokens at once", async () => {
    const { admin } = stack
    const service = await aService(stack, "Member")
    const me = () => stack.as(service.bearerToken)["users/me"]({})
    await admin["users/update"]({ id: service.id, body: { role: "Manager", teams: ["Data Quality"] } })
    expect(await me()).toMatchObject({ role: "Manager", teams: ["Public", "Data Quality"] })
    expect((await stack.send("/users", { token: service.bearerToken })).status).toBe(200)
    await admin["users/update"]({ id: service.id, body: { active: false } })
    expect(await typeOf(me())).toBe("401 account-inactive")
    expect((await admin["user-tokens/get"]({ id: service.tokenId })).status).toBe("account-inactive")
    await admin["users/update"]({ id: service.id, body: { active: true } })
    expect((await me()).role).toBe("Manager")

    expect(await admin["users/revoke-tokens"]({ id: service.id })).toEqual({ revoked: 1 })
    expect(await typeOf(me())).toBe("401 token-revoked")
    expect(await admin["user-tokens/get"]({ id: service.tokenId })).toMatchObject({ active: false, status: "revoked" })
    await admin["user-tokens/update"]({ id: service.tokenId, body: { active: true } })
    expect((await me()).id).toBe(service.id)
  })
})

describe("users", () => {
  test("two names can meet in one user_id, and a name can leave none", async () => {
    const { admin } = stack
    const name = `Twin ${randomUUID()}`
    const create = (given: string) => admin["users/create"]({ body: { name: given, role: "Member" } })
    await create(name)
    expect(await typeOf(create(`${name.toUpperCase()}!?`))).toBe("409 user-id-taken")
    expect(await typeOf(create("🦉🦉"))).toBe("422 validation-failed")
  })

  test("a human needs an email of its own; it is the user_id, which stays when the email changes", async () => {
    const { admin } = stack
    const email = `${randomUUID()}@Example.com`
    const body = { user_type: "User" as const, name: "Jo", role: "Member" as const }
    expect(await typeOf(admin["users/create"]({ body }))).toBe("422 validation-failed")
    const jo = await admin["users/create"]({ body: { ...body, email } })
    expect(jo.user_id).toBe(email.toLowerCase())
    expect(await typeOf(admin["users/create"]({ body: { ...body, email: email.toUpperCase() } }))).toBe(
      "409 email-taken",
    )
    const moved = await admin["users/update"]({ id: jo.id, body: { email: `new-${email}` } })
    expect(moved).toMatchObject({ user_id: email.toLowerCase(), email: `new-${email.toLowerCase()}` })
    // The old email is free again, but the user_id that it once made is not.
    expect(await typeOf(admin["users/create"]({ body: { ...body, email } }))).toBe("409 user-id-taken")
    expect(await typeOf(admin["users/update"]({ id: jo.id, body: { email: null } }))).toBe("422 validation-failed")
  })

  test("an unknown team is told by its position, and a change of too many teams at once is refused", async () => {
    const { admin } = stack
    const create = (teams: string[]) => admin["users/create"]({ body: { name: uniqueName(), role: "Member", teams } })
    const refused = await create(["Public", "data  quality", "Data Quality", "Nowhere"]).catch((error) => error)
    expect(refused.problem.errors).toEqual([{ pointer: "/teams/3", detail: "must be the name of a team" }])
    const [many, others] = ["m", "o"].map((letter) => Array.from({ length: 50 }, (_, n) => `${letter}${n}`)) as [
      string[],
      string[],
    ]
    await createTeams([...many, ...others])
    const user = await create(many)
    expect(user.teams).toHaveLength(51)
    const update = (teams: string[]) => typeOf(admin["users/update"]({ id: user.id, body: { teams } }))
    expect(await update(others)).toBe("422 validation-failed")
    expect(await update([...others.slice(0, 40), ...many.slice(0, 10)])).toBe("no problem")
    expect(await update([])).toBe("no problem")
    const uses: number[] = []
    for await (const team of stack.admin.all("teams/list", { query: { limit: 100 } }))
      if (/^[mo]\d+$/.test(team.key)) uses.push(team.uses)
    expect(uses).toEqual(Array(100).fill(0))
  })

  test("at most fifty teams, counted as teams and not as names", async () => {
    const names = Array.from({ length: 51 }, (_, n) => `five${n}`)
    await createTeams(names)
    const create = (teams: string[]) =>
      typeOf(stack.admin["users/create"]({ body: { name: uniqueName(), role: "Member", teams } }))
    expect(await create(names)).toBe("422 validation-failed")
    expect(await create(["Public", ...names.slice(0, 50), "FIVE0"])).toBe("no problem")
  })

  test("an ETag guards a change: stale is 412, and the answer carries the next one", async () => {
    const created = await stack.send("/users", {
      method: "POST",
      body: JSON.stringify({ name: uniqueName(), role: "Member" }),
    })
    const { id } = (await created.json()) as { id: number }
    expect(created.headers.get("location")).toBe(`/api/users/${id}`)
    const etag = created.headers.get("etag") as string
    const put = (ifMatch: string, purpose: string) =>
      stack.send(`/users/${id}`, { method: "PUT", body: JSON.stringify({ purpose }), headers: { "If-Match": ifMatch } })
    const changed = await put(etag, "one")
    expect([changed.status, changed.headers.get("etag") === etag]).toEqual([200, false])
    expect((await put(etag, "two")).status).toBe(412)
    expect((await put(`W/${changed.headers.get("etag")}`, "two")).status).toBe(412)
    expect((await put(`"x", ${changed.headers.get("etag")}`, "two")).status).toBe(200)
    expect((await put("*", "three")).status).toBe(200)
    expect((await stack.send(`/users/${id}`)).headers.get("etag")).not.toBe(changed.headers.get("etag"))
  })

  insideTest(
    "the last active administrator can neither be deactivated nor demoted; a service Admin doesn't count",
    async () => {
      const me = await stack.admin["users/me"]({})
      // On a shared stage other tests' administrators are there still.
      for await (const { id } of stack.admin.all("users/list", { query: { user_type: "User", role: "Admin" } }))
        if (id !== me.id) await stack.admin["users/update"]({ id, body: { active: false } })
      await aService(stack, "Admin")
      expect(await typeOf(stack.admin["users/update"]({ id: me.id, body: { active: false } }))).toBe("409 last-admin")
      expect(await typeOf(stack.admin["users/update"]({ id: me.id, body: { role: "Member" } }))).toBe("409 last-admin")
      const second = await aHuman(stack, "Admin")
      await stack.as(second.bearerToken)["users/update"]({ id: me.id, body: { role: "Member" } })
      expect(await typeOf(stack.admin["users/list"]({}))).toBe("403 insufficient-role")
      expect(
        await typeOf(stack.as(second.bearerToken)["users/update"]({ id: second.id, body: { active: false } })),
      ).toBe("409 last-admin")
      await stack.as(second.bearerToken)["users/update"]({ id: me.id, body: { role: "Admin" } })
      await stack.admin["users/update"]({ id: second.id, body: { active: false } })
    },
  )

  insideTest("the list walks service accounts, then humans, newest first, each once; filters narrow it", async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => aService(stack, "Editor")))
    const human = await aHuman(stack, "Editor")
    const walked: { id: number; user_type: string }[] = []
    for await (const user of stack.admin.all("users/list", { query: { limit: 2 } })) walked.push(user)
    const ids = walked.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { id } of [...made, human]) expect(ids).toContain(id)
    const kinds = walked.map(({ user_type }) => user_type)
    expect(kinds.lastIndexOf("Service")).toBeLessThan(kinds.indexOf("User"))
    const services = walked.filter(({ user_type }) => user_type === "Service").map(({ id }) => id)
    expect(services).toEqual([...services].sort((a, b) => b - a))

    const list = async (query: object) => (await stack.admin["users/list"]({ query })).items.map(({ id }) => id)
    expect(await list({ q: human.userId.slice(2, 30).toUpperCase() })).toEqual([human.id])
    expect(await list({ user_type: "User", role: "Editor" })).toContain(human.id)
    expect(await list({ user_type: "Service", role: "Editor" })).not.toContain(human.id)
    await stack.admin["users/update"]({ id: human.id, body: { teams: ["data quality"] } })
    expect(await list({ team: "Data Quality" })).toContain(human.id)
    expect(await list({ team: "Data Engineering" })).not.toContain(human.id)
    expect(await list({ team: "public", q: human.userId })).toEqual([human.id])
  })

  test("P2 a cursor is good for its own route, filters and caller only, and no bit of it can be changed", async () => {
    await Promise.all([aService(stack), aService(stack)])
    const page = (query: string, token = stack.adminToken) => stack.send(`/users?limit=1${query}`, { token })
    const { next_cursor: cursor } = (await (await page("")).json()) as { next_cursor: string }
    expect((await page(`&cursor=${cursor}`)).status).toBe(200)
    expect((await page(`&cursor=${cursor}&role=Member`)).status).toBe(400)
    expect((await stack.send(`/user-tokens/service?cursor=${cursor}`)).status).toBe(400)
    const other = await aService(stack, "Admin")
    expect((await page(`&cursor=${cursor}`, other.bearerToken)).status).toBe(400)
    const flipped = cursor.slice(0, -1) + (cursor.endsWith("A") ? "B" : "A")
    expect((await page(`&cursor=${flipped}`)).status).toBe(400)
    expect((await page("&cursor=")).status).toBe(400)
  })
})

describe("tokens", () => {
  test("a name is unique per account whatever its case, and free again after deletion", async () => {
    const { id, userId, tokenId } = await aService(stack)
    const create = (name: string) =>
      stack.admin["user-tokens/create"]({ body: { name, type: "Service", user_id: userId, expiration: "7d" } })
    expect(await typeOf(create("FIRST"))).toBe("409 token-name-taken")
    await stack.admin["user-tokens/update"]({ id: tokenId, body: { active: false } })
    expect(await typeOf(create("first"))).toBe("409 token-name-taken")
    await stack.admin["user-tokens/delete"]({ id: tokenId })
    expect(await typeOf(create("First"))).toBe("no problem")
    await stack.admin["users/update"]({ id, body: { active: false } })
    expect(await typeOf(create("second"))).toBe("409 account-inactive")
  })

  test("an account has a hundred tokens and not one more, revoked ones included", async () => {
    const { userId, tokenId } = await aService(stack)
    const create = (n: number) =>
      stack.admin["user-tokens/create"]({ body: { name: `t${n}`, type: "Service", user_id: userId, expiration: "7d" } })
    for (let n = 1; n < 100; n += 11) await Promise.all(Array.from({ length: 11 }, (_, k) => create(n + k)))
    await stack.admin["user-tokens/update"]({ id: tokenId, body: { active: false } })
    expect(await typeOf(create(100))).toBe("409 token-quota")
    const walked: number[] = []
    for await (const { id } of stack.admin.all("user-tokens/list-service", { query: { user_id: userId } }))
      walked.push(id)
    expect(walked).toEqual([...new Set(walked)].sort((a, b) => b - a))
    expect(walked).toHaveLength(100)
    await stack.admin["user-tokens/delete"]({ id: tokenId })
    expect(await typeOf(create(100))).toBe("no problem")
  })

  test("a user_id that is longer than any can be is refused, also where it only filters", async () => {
    const user_id = "a".repeat(3000)
    for (const list of ["user-tokens/list", "user-tokens/list-service"] as const)
      expect(await typeOf(stack.admin[list]({ query: { user_id } }))).toBe("422 validation-failed")
  })

  insideTest("whom a token can be for", async () => {
    const { admin } = stack
    const human = await aHuman(stack, "Editor")
    const service = await aService(stack, "Admin")
    const body = { name: "x", expiration: "7d" }
    const create = (more: object, as = admin) =>
      typeOf(as["user-tokens/create"]({ body: { ...body, ...more } as never }))
    expect(await create({ type: "Service" })).toBe("422 validation-failed")
    expect(await create({ type: "Service", user_id: "nobody@service" })).toBe("404 not-found")
    expect(await create({ type: "Service", user_id: "\ud800" })).toBe("422 validation-failed")
    expect(await create({ type: "Service", user_id: human.userId })).toBe("422 validation-failed")
    expect(await create({ type: "Personal", user_id: human.userId })).toBe("422 validation-failed")
    expect(await create({ type: "Personal" }, stack.as(service.bearerToken))).toBe("403 personal-tokens-need-a-human")
    // What isn't permitted is told before what is wrong with it.
    expect(await create({ type: "Personal", expiration: "soon" }, stack.as(service.bearerToken))).toBe(
      "403 personal-tokens-need-a-human",
    )
    expect(await create({ type: "Service", user_id: service.userId }, stack.as(human.bearerToken))).toBe(
      "403 insufficient-role",
    )
  })

  insideTest(
    "a personal token may not outlive the one it is made with, and revoking that one tells its children",
    async () => {
      const human = await aHuman(stack, "Member", Date.now(), "30d")
      const create = (name: string, expiration: string) =>
        stack.as(human.bearerToken)["user-tokens/create"]({ body: { name, type: "Personal", expiration } })
      expect(await typeOf(create("longer", "31d"))).toBe("422 validation-failed")
      expect(await typeOf(create("for ever", "never"))).toBe("422 validation-failed")
      await create("child", "29d")
      await create("another", "7d")
      const own = await stack.as(human.bearerToken)["user-tokens/list"]({})
      expect(own.items.map(({ name }) => name)).toEqual(["another", "child", "mine"])
      const revoked = await stack
        .as(human.bearerToken)
        ["user-tokens/update"]({ id: human.tokenId, body: { active: false } })
      expect(revoked.children).toBe(2)
      expect((await stack.admin["user-tokens/list"]({ query: { user_id: human.userId } })).items).toHaveLength(3)
      const other = await aHuman(stack, "Manager")
      expect(await typeOf(stack.as(other.bearerToken)["user-tokens/list"]({ query: { user_id: human.userId } }))).toBe(
        "404 not-found",
      )
    },
  )

  test("a compromised token is never restored, also when that is told later, by itself or with all others", async () => {
    const { admin } = stack
    const one = await aService(stack)
    const restore = (id: number) => typeOf(admin["user-tokens/update"]({ id, body: { active: true } }))
    await admin["user-tokens/update"]({ id: one.tokenId, body: { active: false } })
    await admin["user-tokens/update"]({ id: one.tokenId, body: { active: false, compromised: true } })
    expect(await restore(one.tokenId)).toBe("409 token-compromised")
    const all = await aService(stack)
    await admin["users/revoke-tokens"]({ id: all.id, body: { compromised: true } })
    expect(await restore(all.tokenId)).toBe("409 token-compromised")
    await admin["users/revoke-tokens"]({ id: all.id })
    expect(await restore(all.tokenId)).toBe("409 token-compromised")
  })

  insideTest("an expired token, and one of an inactive account, isn't restored", async () => {
    const expired = await aHuman(stack, "Member", Date.now() - 8 * 86_400_000, "7d")
    await stack.admin["user-tokens/update"]({ id: expired.tokenId, body: { active: false } })
    const restore = (id: number) => typeOf(stack.admin["user-tokens/update"]({ id, body: { active: true } }))
    expect(await restore(expired.tokenId)).toBe("409 token-expired")
    const inactive = await aService(stack)
    await stack.admin["user-tokens/update"]({ id: inactive.tokenId, body: { active: false } })
    await stack.admin["users/update"]({ id: inactive.id, body: { active: false } })
    expect(await restore(inactive.tokenId)).toBe("409 account-inactive")
  })

  test("allowed networks hold on the next request, and a forged forwarding header is no address", async () => {
    const { tokenId, bearerToken } = await aService(stack)
    const me = () =>
      stack.send("/users/me", {
        token: bearerToken,
        headers: {
          // There it is the address.
          ...(!stack.emulated && { "X-Forwarded-For": "203.0.113.9" }),
          "x-symbolon-viewer": "203.0.113.9",
          "x-symbolon-edge": "guess",
        },
      })
    const allow = (allowed_cidrs: string[]) =>
      stack.admin["user-tokens/update"]({ id: tokenId, body: { allowed_cidrs } })
    await allow(["203.0.113.0/24"])
    const refused = await me()
    expect([refused.status, ((await refused.json()) as { type: string }).type]).toEqual([
      401,
      "/api/problems/invalid-token",
    ])
    await allow(["203.0.113.0/24", "127.0.0.0/8"])
    expect((await me()).status).toBe(200)
    await allow([])
    expect((await me()).status).toBe(200)
    for (const cidr of ["203.0.113.0", "203.0.113.0/33", "2001:db8::/129", "x/8", "::/0 ", "1.2.3.4/08"])
      expect([cidr, await typeOf(allow([cidr]))]).toEqual([cidr, "422 validation-failed"])
  })

  test("the service list filters by status, flag and part, and never shows a personal token", async () => {
    const never = await aService(stack, "Member", "never")
    const soon = await aService(stack, "Member", "7d")
    const ids = async (query: object) => {
      const found: number[] = []
      for await (const token of stack.admin.all("user-tokens/list-service", { query })) {
        expect(token.type).toBe("Service")
        found.push(token.id)
      }
      return found
    }
    const flagged = await ids({ flag: "never-expires" })
    expect(flagged).toContain(never.tokenId)
    expect(flagged).not.toContain(soon.tokenId)
    expect(await ids({ flag: "expiring" })).toContain(soon.tokenId)
    expect(await ids({ flag: "expiring" })).not.toContain(never.tokenId)
    await stack.admin["user-tokens/update"]({ id: soon.tokenId, body: { active: false } })
    // What is revoked needs nobody's attention.
    expect(await ids({ flag: "expiring" })).not.toContain(soon.tokenId)
    expect(await ids({ status: "revoked", q: soon.bearerToken.slice(7, 25) })).toEqual([soon.tokenId])
    expect(await ids({ status: "active", q: soon.bearerToken.slice(7, 25) })).toEqual([])
    expect(await ids({ user_id: never.userId })).toEqual([never.tokenId])
    expect(await typeOf(stack.admin["user-tokens/list-service"]({ query: { user_id: "nobody@service" } }))).toBe(
      "404 not-found",
    )
  })
})

describe("Idempotency-Key", () => {
  test("a repeat of a creation makes nothing: the account's answer again, the token's never", async () => {
    const { admin } = stack
    const idempotencyKey = randomUUID()
    const body = { name: uniqueName(), role: "Member" as const }
    const user = await admin["users/create"]({ body, idempotencyKey })
    await admin["users/update"]({ id: user.id, body: { purpose: "changed since" } })
    expect(await admin["users/create"]({ body, idempotencyKey })).toEqual(user)
    expect(await typeOf(admin["users/create"]({ body: { ...body, role: "Editor" }, idempotencyKey }))).toBe(
      "422 idempotency-key-reused",
    )
    const tokenBody = { name: "t", type: "Service" as const, user_id: user.user_id, expiration: "7d" }
    expect(await typeOf(admin["user-tokens/create"]({ body: tokenBody, idempotencyKey }))).toBe(
      "422 idempotency-key-reused",
    )
    const tokenKey = randomUUID()
    const token = await admin["user-tokens/create"]({ body: tokenBody, idempotencyKey: tokenKey })
    const repeat = await stack.send("/user-tokens", {
      method: "POST",
      body: JSON.stringify(tokenBody),
      headers: { "Idempotency-Key": tokenKey },
    })
    const text = await repeat.text()
    expect(repeat.status).toBe(409)
    expect(JSON.parse(text)).toMatchObject({ type: "/api/problems/token-already-issued", token: { id: token.id } })
    expect(text).not.toContain(token.bearer_token.slice(26))
    // Another caller's key of the same name is another key.
    const other = await aService(stack, "Admin")
    expect(
      await typeOf(
        stack.as(other.bearerToken)["users/create"]({ body: { ...body, name: uniqueName() }, idempotencyKey }),
      ),
    ).toBe("no problem")
  })

  test("one that isn't 1 to 255 visible characters is refused", async () => {
    for (const key of ["with space", "x".repeat(256), "é"]) {
      const response = await stack.send("/users", {
        method: "POST",
        body: JSON.stringify({ name: uniqueName(), role: "Member" }),
        headers: { "Idempotency-Key": key },
      })
      expect([key, response.status]).toEqual([key, 400])
    }
  })
})

describe("S1 nothing secret comes back", () => {
  insideTest("a real token in a path, a query, a body or a user agent is in no answer and no log", async () => {
    const { bearerToken } = await aService(stack, "Admin")
    const secret = bearerToken.slice(26)
    const token = bearerToken
    const answers = [
      await stack.send(`/nothing/${bearerToken}`, { token }),
      await stack.send(`/users/${bearerToken}`, { token }),
      await stack.send(`/users?q=${bearerToken}`, { token }),
      await stack.send(`/users?${bearerToken}=1`, { token }),
      await stack.send("/users/me", { token, headers: { "User-Agent": `tool/${bearerToken} "token.used"` } }),
      await stack.send("/users/me", { token: `${bearerToken}x` }),
      await stack.send("/users", {
        token,
        method: "POST",
        body: JSON.stringify({ name: bearerToken, role: "Member" }),
      }),
      await stack.send("/users", { token, method: "POST", body: JSON.stringify({ [bearerToken]: 1 }) }),
      await stack.send("/users", { token, method: "POST", body: bearerToken }),
      await stack.send("/users", {
        token,
        method: "POST",
        body: JSON.stringify({ name: "x", role: "Member", email: `${bearerToken}@example.com` }),
      }),
      await stack.send("/users", { token, method: "PATCH" }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 200, 422, 200, 401, 422, 422, 400, 422, 404])
    const all = (await Promise.all(answers.map((answer) => answer.text()))).join("\n") + (await stack.logs())
    expect(all).toContain(bearerToken.slice(0, 25))
    expect(holdsPartOf(secret, all)).toBe(false)
  })

  test("names are text: emoji, markup and other scripts stay as they are; NUL and lone surrogates are refused", async () => {
    const create = (name: string) => stack.admin["users/create"]({ body: { name, role: "Member" } })
    const unique = randomUUID()
    for (const name of [`<img onerror=1> ${unique}`, `${"🦉".repeat(90)} ${unique.slice(0, 8)}`, `Ünïcode ${unique}`])
      expect((await create(name)).name).toBe(name.normalize("NFC"))
    const raw = (name: string) => stack.send("/users", { method: "POST", body: `{"name":"${name}","role":"Member"}` })
    for (const name of ["a\\u0000b", "a\\ud800b", "a\\nb", " ", "x".repeat(101)])
      expect([name, (await raw(name)).status]).toEqual([name, 422])
  })

  test("Z1 two Authorization headers are refused, whatever they are", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${stack.url}/users/me`, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      request.on("error", reject)
      request.setHeader("Authorization", [`Bearer ${stack.adminToken}`, `Bearer ${stack.adminToken}`])
      request.end()
    })
    expect(status).toBe(401)
  })
})

describe("the audit trail", () => {
  insideTest(
    "every mutation leaves its event, a change that isn't one leaves none, and none holds a digest",
    async () => {
      const { admin } = stack
      const before = (await audits()).length
      const service = await aService(stack)
      await admin["users/update"]({ id: service.id, body: { role: "Editor", reason: "promoted" } })
      await admin["users/update"]({ id: service.id, body: { role: "Editor" } })
      await admin["users/update"]({ id: service.id, body: { active: false, purpose: "x" } })
      await admin["users/update"]({ id: service.id, body: { active: true } })
      await admin["user-tokens/update"]({ id: service.tokenId, body: { active: true } })
      await admin["user-tokens/update"]({ id: service.tokenId, body: { allowed_cidrs: ["10.0.0.0/8"] } })
      await admin["users/revoke-tokens"]({ id: service.id })
      await admin["user-tokens/update"]({ id: service.tokenId, body: { active: true } })
      await admin["user-tokens/update"]({ id: service.tokenId, body: { active: false } })
      await admin["user-tokens/delete"]({ id: service.tokenId, query: { reason: "gone" } })
      await typeOf(admin["user-tokens/delete"]({ id: service.tokenId }))
      const events = (await audits()).slice(before)
      const happened = ["account.created", "token.created", "account.updated", "account.deactivated", "account.updated"]
      happened.push("account.reactivated", "token.updated", "account.tokens-revoked", "token.restored")
      happened.push("token.revoked", "token.deleted")
      // Two events of one transaction have one millisecond, and either order.
      expect(events.map(({ action }) => action).toSorted()).toEqual(happened.toSorted())
      const promoted = events.find(({ reason }) => reason === "promoted")
      expect(promoted).toMatchObject({
        actor: { userId: "admin@example.com", handle: stack.adminToken.slice(0, 25) },
        subject: { id: service.id, userId: service.userId },
        before: { role: "Member" },
        after: { role: "Editor" },
        ip: "127.0.0.1",
      })
      const deleted = events.at(-1)
      expect(deleted).toMatchObject({ subject: { handle: service.bearerToken.slice(0, 25) }, reason: "gone" })
      expect(JSON.stringify(events)).not.toMatch(/digest|bearer/)
    },
  )

  async function audits() {
    const rows = await stack.rows.dump()
    return rows.filter(({ PK }) => PK.startsWith("AUD#")).sort((a, b) => (a.SK < b.SK ? -1 : 1)) as unknown as {
      action: string
      reason?: string
    }[]
  }
})
