import { randomUUID } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { ApiProblem, type Client, type ListKey } from "../shared/contract/client.ts"
import { insideTest, openTestStack, type RunningStack } from "./local-stack.ts"
import { aHuman, aService } from "./people.ts"

/** Teams and what they own, deletion, and the trail of it all, over HTTP. */
let stack: RunningStack
beforeAll(async () => {
  stack = await openTestStack()
})
afterAll(() => stack.stop())

/** A stage outlives the tests that were here before. */
const fresh = (word: string) => `${word} ${randomUUID().slice(0, 8)}`
const typeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no problem",
    (error) => (error instanceof ApiProblem ? `${error.status} ${error.problem.type.split("/").pop()}` : String(error)),
  )
async function all<K extends ListKey>(client: Client, key: K, given: Parameters<Client[K]>[0]) {
  const found: { id: number | string; name?: string }[] = []
  for await (const item of client.all(key, given as never)) found.push(item as never)
  return found
}

describe("teams", () => {
  const create = (name: string) => stack.admin["teams/create"]({ body: { name } })

  test("are made under the key that their name leads to, once, and listed by it", async () => {
    const unique = randomUUID().slice(0, 8)
    const [name, key] = [`Data  Science ${unique}`, `data_science_${unique}`]
    expect(await create(name)).toMatchObject({ name, key, uses: 0 })
    expect(await typeOf(create(`DATA science ${unique}`))).toBe("409 team-name-taken")
    for (const bad of ["R&D", "x".repeat(33), "Zoë", " "])
      expect([bad, await typeOf(create(bad))]).toEqual([bad, "422 validation-failed"])
    for (const everyone of ["Public", "PUBLIC "]) expect(await typeOf(create(everyone))).toBe("409 public-team")
    const listed = (await all(stack.admin, "teams/list", { query: { limit: 1 } })) as unknown as { key: string }[]
    expect(listed.map((team) => team.key)).toContain(key)
    expect(listed.map((team) => team.key)).not.toContain("public")
    expect(
      (await stack.admin["teams/list"]({ query: { q: `SCIENCE ${unique}` } })).items.map((team) => team.key),
    ).toEqual([key])
  })

  test("are deleted only when nothing uses them, and their name is free again then", async () => {
    const team = await create(fresh("used"))
    const user = await stack.admin["users/create"]({ body: { name: fresh("u"), role: "Member", teams: [team.name] } })
    const datastore = await stack.admin["datastores/create"]({ body: { name: "d", team: team.name } })
    expect(datastore.team).toBe(team.name)
    const remove = (key: string) => typeOf(stack.admin["teams/delete"]({ key }))
    expect(await remove(team.key)).toBe("409 team-in-use")
    await stack.admin["users/update"]({ id: user.id, body: { teams: [] } })
    // The datastore's use is left.
    expect(await remove(team.key)).toBe("409 team-in-use")
    const other = await create(fresh("unused"))
    expect(await remove(other.key)).toBe("no problem")
    expect(await remove(other.key)).toBe("404 not-found")
    expect(await remove("public")).toBe("409 public-team")
    expect(await typeOf(stack.admin["users/update"]({ id: user.id, body: { teams: [other.name] } }))).toBe(
      "422 validation-failed",
    )
    expect((await create(other.name)).uses).toBe(0)
  })
})

describe("datastores", () => {
  test("are seen and changed by the teams that own them, by everyone when Public's, by an Admin always", async () => {
    const [red, blue] = await Promise.all(
      ["red", "blue"].map((word) => stack.admin["teams/create"]({ body: { name: fresh(word) } })),
    )
    const member = await aService(stack, "Editor")
    await stack.admin["users/update"]({ id: member.id, body: { teams: [red?.name as string] } })
    const own = stack.as(member.bearerToken)
    const make = (as: Client, team?: string) =>
      as["datastores/create"]({ body: { name: fresh("d"), ...(team && { team }) } })
    const mine = await make(own, red?.name)
    const theirs = await make(stack.admin, blue?.name)
    const everyones = await make(own)
    expect([mine.team, everyones.team]).toEqual([red?.name, "Public"])
    expect(await typeOf(make(own, blue?.name))).toBe("422 validation-failed")
    expect(await typeOf(make(own, "nowhere"))).toBe("422 validation-failed")
    expect(await typeOf(make(stack.admin, "nowhere"))).toBe("422 validation-failed")

    expect(await typeOf(own["datastores/get"]({ id: theirs.id }))).toBe("404 not-found")
    expect(await typeOf(own["datastores/list-containers"]({ id: theirs.id }))).toBe("404 not-found")
    expect(await typeOf(own["datastores/create-container"]({ id: theirs.id, body: { name: "c" } }))).toBe(
      "404 not-found",
    )
    expect((await own["datastores/get"]({ id: mine.id })).id).toBe(mine.id)

    const seen = (await all(own, "datastores/list", { query: { limit: 1 } })).map(({ id }) => id)
    expect(seen).toEqual([...new Set(seen)])
    expect(seen).toEqual(expect.arrayContaining([mine.id, everyones.id]))
    expect(seen).not.toContain(theirs.id)
    const admins = (await all(stack.admin, "datastores/list", { query: {} })).map(({ id }) => id)
    expect(admins).toEqual(expect.arrayContaining([mine.id, theirs.id, everyones.id]))
    expect((await all(own, "datastores/list", { query: { team: red?.name as string } })).map(({ id }) => id)).toEqual([
      mine.id,
    ])
    expect(await all(own, "datastores/list", { query: { team: blue?.name as string } })).toEqual([])
    expect(
      (await all(own, "datastores/list", { query: { q: mine.name.toUpperCase() } })).map(({ id }) => id),
    ).toContain(mine.id)

    // On the next request the team is gone, and with it what it owns.
    await stack.admin["users/update"]({ id: member.id, body: { teams: [] } })
    expect(await typeOf(own["datastores/get"]({ id: mine.id }))).toBe("404 not-found")
  })

  test("page through many containers, newest first, each once", async () => {
    const { id } = await stack.admin["datastores/create"]({ body: { name: "d" } })
    const made: number[] = []
    for (let n = 0; n < 12; n++)
      made.push((await stack.admin["datastores/create-container"]({ id, body: { name: `c${n}` } })).id)
    const query = { limit: 5 }
    expect((await all(stack.admin, "datastores/list-containers", { id, query })).map((c) => c.id)).toEqual(
      made.toReversed(),
    )
    expect(
      (await all(stack.admin, "datastores/list-containers", { id, query: { q: "C1" } })).map((c) => c.name),
    ).toEqual(["c11", "c10", "c1"])
    const other = await stack.admin["datastores/create"]({ body: { name: "d" } })
    const { next_cursor } = await stack.admin["datastores/list-containers"]({ id, query })
    const elsewhere = { id: other.id, query: { cursor: next_cursor as string } }
    expect(await typeOf(stack.admin["datastores/list-containers"](elsewhere))).toBe("400 invalid-cursor")
  })
})

describe("deleting an account", () => {
  const remove = (id: number) => typeOf(stack.admin["users/delete"]({ id }))
  const purge = () => stack.runJob("purge-deleted-accounts", {})

  insideTest("takes two steps and a purge, which leaves nothing but a tombstone and the trail", async () => {
    const { key, name } = await stack.admin["teams/create"]({ body: { name: fresh("team") } })
    const service = await aService(stack)
    await stack.admin["users/update"]({ id: service.id, body: { teams: [name] } })
    for (let n = 0; n < 45; n++)
      await stack.admin["user-tokens/create"]({
        body: { name: `t${n}`, type: "Service", user_id: service.userId, expiration: "7d" },
      })
    expect(await remove(service.id)).toBe("409 account-active")
    await stack.admin["users/update"]({ id: service.id, body: { active: false } })
    const response = await stack.send(`/users/${service.id}?reason=gone`, { method: "DELETE" })
    expect([response.status, response.headers.get("location")]).toEqual([202, `/api/users/${service.id}`])
    expect(await remove(service.id)).toBe("no problem")
    expect((await stack.admin["users/get"]({ id: service.id })).status).toBe("deleting")
    expect((await all(stack.admin, "users/list", { query: {} })).map(({ id }) => id)).not.toContain(service.id)
    expect(await typeOf(stack.admin["users/update"]({ id: service.id, body: { active: true } }))).toBe(
      "409 account-deleting",
    )
    expect(await typeOf(stack.as(service.bearerToken)["users/me"]({}))).toBe("401 account-inactive")

    // On a deployed stage the schedule can be quicker.
    expect(await purge()).toEqual({ purged: stack.emulated ? expect.any(Number) : 1 })
    expect(await purge()).toEqual({ purged: 0 })
    expect(await remove(service.id)).toBe("404 not-found")
    expect(await typeOf(stack.as(service.bearerToken)["users/me"]({}))).toBe("401 invalid-token")
    const rows = (await stack.rows.dump()).filter((row) => JSON.stringify(row).includes(String(service.id)))
    const left = rows.filter(({ PK }) => !PK.startsWith("AUD#")).map(({ PK, tombstone }) => [PK, tombstone])
    expect(left).toEqual([[`UID#${service.userId}`, true]])
    expect((await stack.admin["teams/list"]({ query: { q: name } })).items).toMatchObject([{ key, uses: 0 }])
    // Nobody can pass for it.
    const again = service.userId.replace("@service", "")
    expect(await typeOf(stack.admin["users/create"]({ body: { name: again, role: "Member" } }))).toBe(
      "409 user-id-taken",
    )

    const trail = await stack.admin["audit-events/list"]({ query: { user_id: service.userId, limit: 100 } })
    const actions = trail.items.map(({ action }) => action)
    expect(actions.slice(0, 4)).toEqual(["account.deleted", "token.deleted", "token.deleted", "account.deleting"])
    expect(trail.items[3]).toMatchObject({ reason: "gone", actor: { user_id: "admin@example.com" } })
    const handles = trail.items.slice(1, 3).flatMap(({ before }) => before.handles as string[])
    expect(new Set(handles).size).toBe(46)
    expect(handles).toContain(service.bearerToken.slice(0, 25))
  })

  insideTest("frees a human's email", async () => {
    const human = await aHuman(stack, "Member")
    await stack.admin["users/update"]({ id: human.id, body: { active: false } })
    await stack.admin["users/delete"]({ id: human.id })
    const body = { user_type: "User" as const, name: "again", role: "Member" as const, email: human.userId }
    expect(await typeOf(stack.admin["users/create"]({ body }))).toBe("409 email-taken")
    await purge()
    expect((await stack.admin["users/create"]({ body })).user_id).toBe(human.userId)
  })
})

describe("the check of integrity", () => {
  /** What doesn't change by itself, and how many tokens and accounts that are: sessions are in no index. */
  const contents = async () => {
    const rows = (await stack.rows.dump()).filter(({ PK }) => !/^(JOB|MARK)#/.test(PK))
    const tokens = rows.filter(({ SK, type }) => SK === "T" && type !== "Session").length
    return { rows, counts: { tokens, accounts: rows.filter(({ SK }) => SK === "A").length } }
  }

  /** On a deployed stage others are at work. */
  const findsNothing = async () => {
    const { rows, counts } = await contents()
    const answer = await stack.runJob("check-integrity", {})
    expect(answer).toMatchObject({ findings: 0, ...(!stack.emulated && counts) })
    if (!stack.emulated) expect((await contents()).rows).toEqual(rows)
  }

  insideTest("finds and changes nothing after creations, revocations, deletions, and a purge", async () => {
    const [service, human, gone] = [await aService(stack), await aHuman(stack, "Admin"), await aService(stack)]
    const body = { name: "Second", type: "Service" as const, user_id: service.userId, expiration: "never" }
    await stack.admin["user-tokens/create"]({ body })
    await stack.admin["user-tokens/update"]({ id: service.tokenId, body: { active: false } })
    await stack.admin["user-tokens/delete"]({ id: service.tokenId })
    const moved = { email: `${randomUUID()}@example.com`, role: "Member" as const }
    await stack.admin["users/update"]({ id: human.id, body: moved })
    await stack.admin["users/revoke-tokens"]({ id: human.id, body: {} })
    await stack.admin["users/update"]({ id: gone.id, body: { active: false } })
    await stack.admin["users/delete"]({ id: gone.id })
    await findsNothing()
    await stack.runJob("purge-deleted-accounts", {})
    await findsNothing()
  })
})

describe("the audit trail", () => {
  insideTest("is listed newest first, by account, by action, by time, each event once", async () => {
    const service = await aService(stack)
    await stack.admin["user-tokens/update"]({ id: service.tokenId, body: { active: false, reason: "a reason" } })
    await stack.admin["user-tokens/update"]({ id: service.tokenId, body: { active: true } })
    const own = await all(stack.admin, "audit-events/list", { query: { user_id: service.userId, limit: 1 } })
    const actions = (own as unknown as { action: string }[]).map(({ action }) => action)
    expect(actions).toEqual(["token.restored", "token.revoked", "token.created", "account.created"])

    const everything = await all(stack.admin, "audit-events/list", { query: { limit: 7 } })
    const ids = everything.map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)].sort().toReversed())
    expect(ids.slice(0, 4)).toEqual(own.map(({ id }) => id))
    const rows = (await stack.rows.dump()).filter(({ PK }) => PK.startsWith("AUD#"))
    expect(ids.length).toBe(rows.length)

    const list = (query: object) => stack.admin["audit-events/list"]({ query })
    const { items } = await list({ user_id: service.userId, action: "token.revoked" })
    expect(items).toMatchObject([
      {
        action: "token.revoked",
        outcome: "success",
        reason: "a reason",
        actor: { user_id: "admin@example.com", handle: stack.adminToken.slice(0, 25) },
        subject: { id: service.id, user_id: service.userId, handle: service.bearerToken.slice(0, 25) },
        ip: "127.0.0.1",
        before: { active: true },
        after: { active: false },
      },
    ])
    const at = items[0]?.at as string
    const exact = (from: string, to: string) =>
      list({ user_id: service.userId, from, to }).then((page) => page.items.map(({ action }) => action))
    const plus = (milliseconds: number) => new Date(Date.parse(at) + milliseconds).toISOString()
    expect(await exact(at, plus(1))).toEqual(["token.revoked"])
    expect(await exact(plus(-1), at)).toEqual([])
    const byDay = await list({ from: at, to: plus(1) })
    expect(byDay.items.map(({ id }) => id)).toEqual(items.map(({ id }) => id))
  })

  test("refuses spans and accounts that aren't", async () => {
    const list = (query: object) => typeOf(stack.admin["audit-events/list"]({ query }))
    const [from, to] = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]
    expect(await list({ from, to })).toBe("no problem")
    expect(await list({ from, to: "2026-02-01T00:00:01Z" })).toBe("422 validation-failed")
    expect(await list({ from: to, to: from })).toBe("422 validation-failed")
    expect(await list({ from: "yesterday" })).toBe("422 validation-failed")
    expect(await list({ action: "Token Revoked" })).toBe("422 validation-failed")
    expect(await list({ user_id: `${randomUUID()}@service` })).toBe("404 not-found")
    expect(await list({ user_id: "admin@example.com", from: "2020-01-01T00:00:00Z" })).toBe("no problem")
    // Ids, by which events are found, are of 2025 to 2094.
    expect(await list({ from: "9490-10-20T00:00:00Z", to: "9490-10-25T10:12:17-07:33" })).toBe("no problem")
    expect(await list({ user_id: "admin@example.com", to: "9999-12-31T23:59:59-12:00" })).toBe("no problem")
    expect(await list({ from: "0000-01-01T00:00:00Z", to: "0000-01-02T00:00:00+14:00" })).toBe("no problem")
  })
})
