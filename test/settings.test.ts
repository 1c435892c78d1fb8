import { randomUUID } from "node:crypto"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { ApiProblem, type Arguments } from "../shared/contract/client.ts"
import { type LocalTestStack, startTestStack } from "./local-stack.ts"
import { aHuman, aService } from "./people.ts"

/** The settings of a stage, over HTTP. On a stack of its own, since they hold for everyone. */
let stack: LocalTestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())
afterEach(async () => void (await put(initial)))

const initial = {
  allow_never: true,
  max_expiry_days: null,
  unused_days: 90,
  expiring_days: 30,
  auto_revoke_unused: false,
  auto_revoke_unused_days: 30,
  max_tokens_per_account: 100,
}
const day = 86_400_000

type Changes = Arguments<"settings/update">["body"]
const put = (body: Changes) => stack.admin["settings/update"]({ body })
const create = (user_id: string, expiration: string) =>
  stack.admin["user-tokens/create"]({ body: { name: randomUUID(), type: "Service", user_id, expiration } })
const problemOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no problem",
    (error) => (error instanceof ApiProblem ? (error.problem.errors ?? error.problem.type.split("/").pop()) : error),
  )
const at = (offset: number) => new Date(Date.now() + offset).toISOString()

/** Asks again until it holds: the change of the row starts the job within seconds. */
async function eventually(ask: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await ask()); await new Promise((resolve) => setTimeout(resolve, 100)))
    if (Date.now() > deadline) throw new Error("not within ten seconds")
}

describe("the settings", () => {
  test("are the defaults at first, and change in part", async () => {
    const { admin } = stack
    expect(await admin["settings/get"]({})).toEqual(initial)
    expect(await put({ unused_days: 60 })).toEqual({ ...initial, unused_days: 60, applying: 0 })
    const more = { max_expiry_days: 3650, expiring_days: 14, allow_never: false, auto_revoke_unused: true }
    await put(more)
    expect(await admin["settings/get"]({})).toEqual({ ...initial, ...more, unused_days: 60 })
    expect((await put({ max_expiry_days: null })).max_expiry_days).toBeNull()
  })

  test("have an ETag, which guards a change; what changes nothing writes nothing", async () => {
    const send = (body: object, ifMatch?: string) =>
      stack.send("/settings", {
        method: "PUT",
        body: JSON.stringify(body),
        ...(ifMatch && { headers: { "If-Match": ifMatch } }),
      })
    const etag = async () => (await stack.send("/settings")).headers.get("etag") as string
    const first = await etag()
    const changed = await send({ unused_days: 50 }, first)
    expect([changed.status, changed.headers.get("etag")]).toEqual([200, await etag()])
    expect(await etag()).not.toBe(first)
    for (const stale of [first, `W/${await etag()}`, '"x"'])
      expect((await send({ unused_days: 51 }, stale)).status).toBe(412)
    const rows = (await stack.rows.dump()).length
    const same = await send({ ...initial, unused_days: 50, reason: "again" }, await etag())
    expect([same.status, same.headers.get("etag")]).toEqual([200, changed.headers.get("etag")])
    expect((await send({})).status).toBe(200)
    expect((await stack.rows.dump()).length).toBe(rows)
    expect((await send({ unused_days: 52 }, `"x", ${await etag()}`)).status).toBe(200)
    expect((await send({ unused_days: 53 }, "*")).status).toBe(200)
  })

  test("leave an event that holds only what changed", async () => {
    await put({ unused_days: 91, expiring_days: 30, max_expiry_days: 400, reason: "a reason" })
    const { items } = await stack.admin["audit-events/list"]({ query: { action: "settings.updated", limit: 1 } })
    expect(items).toMatchObject([
      { actor: { user_id: "admin@example.com" }, subject: { id: 0, user_id: "settings" }, reason: "a reason" },
    ])
    expect([items[0]?.before, items[0]?.after]).toEqual([
      { unused_days: 90, max_expiry_days: null },
      { unused_days: 91, max_expiry_days: 400 },
    ])
  })

  test.each([
    ["max_tokens_per_account", 1000],
    ["max_expiry_days", 3650],
    ["unused_days", 3650],
    ["expiring_days", 3650],
    ["auto_revoke_unused_days", 3650],
  ] as const)("%s is 1 to %i", async (name, most) => {
    for (const good of [1, most]) expect(await problemOf(put({ [name]: good }))).toBe("no problem")
    const refused = [{ pointer: `/${name}`, detail: `must be an integer from 1 to ${most}` }]
    for (const bad of [0, most + 1, 1.5, "7"]) expect(await problemOf(put({ [name]: bad }))).toEqual(refused)
  })

  test("of a person's own making don't fit: only the one that can be empty is null", async () => {
    const refused = await problemOf(put({ unused_days: null as never, allow_never: "no" as never }))
    expect(refused).toMatchObject([{ pointer: "/allow_never" }, { pointer: "/unused_days" }])
  })
})

describe("a new token", () => {
  test("lives no longer than the maximum: at it, and over it", async () => {
    const { userId } = await aService(stack)
    await put({ max_expiry_days: 30 })
    const refused = (detail: string) => [{ pointer: "/expiration", detail }]
    const most = refused("must be at most 30 days ahead on this stage")
    for (const good of ["30d", at(30 * day)]) expect(await problemOf(create(userId, good))).toBe("no problem")
    for (const bad of ["31d", "1y", at(30 * day + 60_000)]) expect(await problemOf(create(userId, bad))).toEqual(most)
    expect(await problemOf(create(userId, "never"))).toEqual(refused("must not be never on this stage"))
  })

  test("expires where never is not allowed; what never expired stays so", async () => {
    const { userId, tokenId } = await aService(stack, "Member", "never")
    await put({ allow_never: false })
    expect(await problemOf(create(userId, "never"))).toEqual([
      { pointer: "/expiration", detail: "must not be never on this stage" },
    ])
    expect(await problemOf(create(userId, "1y"))).toBe("no problem")
    await stack.runJob("apply-expiry-policy", {})
    expect((await stack.admin["user-tokens/get"]({ id: tokenId })).expiration).toBeNull()
    await put({ allow_never: true })
    expect(await problemOf(create(userId, "never"))).toBe("no problem")
  })

  test("is one of so many that an account may have", async () => {
    const { userId, tokenId } = await aService(stack)
    await put({ max_tokens_per_account: 2 })
    expect(await problemOf(create(userId, "7d"))).toBe("no problem")
    expect(await problemOf(create(userId, "7d"))).toBe("token-quota")
    await put({ max_tokens_per_account: 3 })
    expect(await problemOf(create(userId, "7d"))).toBe("no problem")
    await put({ max_tokens_per_account: 1 })
    // What is there stays, and works.
    expect((await stack.admin["user-tokens/get"]({ id: tokenId })).status).toBe("active")
  })
})

test("flags follow the settings, in a token and in lists", async () => {
  const human = await aHuman(stack, "Member", Date.now() - 10 * day, "30d")
  const { tokenId, userId } = await aService(stack, "Member", "30d")
  const flags = async (id: number) => (await stack.admin["user-tokens/get"]({ id })).flags
  expect([await flags(human.tokenId), await flags(tokenId)]).toEqual([["expiring"], ["expiring"]])
  await put({ unused_days: 10, expiring_days: 20 })
  expect([await flags(human.tokenId), await flags(tokenId)]).toEqual([["unused", "expiring"], []])
  await put({ unused_days: 11, expiring_days: 19 })
  expect([await flags(human.tokenId), await flags(tokenId)]).toEqual([[], []])
  const list = async (user_id: string) => {
    const { items } = await stack.admin["user-tokens/list-service"]({ query: { user_id, flag: "expiring" } })
    return items.map(({ id }) => id)
  }
  expect(await list(userId)).toEqual([])
  await put({ expiring_days: 30 })
  expect(await list(userId)).toEqual([tokenId])
  expect((await stack.admin["user-tokens/list"]({ query: { user_id: human.userId } })).items[0]?.flags).toEqual([
    "expiring",
  ])
})

describe("a shorter maximum", () => {
  test("is applied to the tokens that exist, by the change itself; a longer one gives nothing back", async () => {
    const { userId, tokenId, bearerToken } = await aService(stack, "Member", "never")
    const [within, beyond] = [await create(userId, "60d"), await create(userId, "61d")]
    const old = await aHuman(stack, "Member", Date.now() - 90 * day, "365d")
    const expiration = async (id: number) => (await stack.admin["user-tokens/get"]({ id })).expiration as string
    const left = async (id: number) => Date.parse((await expiration(id)) ?? "9999-12-31") - Date.now()
    // Other tests' tokens are on the stage, too.
    expect((await put({ max_expiry_days: 60 })).applying).toBeGreaterThanOrEqual(3)
    for (const id of [tokenId, beyond.id, old.tokenId])
      await eventually(async () => (await left(id)) <= (id === old.tokenId ? day : 60 * day))
    expect(await expiration(within.id)).toBe(within.expiration)
    expect(await left(beyond.id)).toBeGreaterThan(60 * day - 60_000)
    // A day, for one that is over age already.
    expect(await left(old.tokenId)).toBeGreaterThan(day - 60_000)
    expect((await stack.as(bearerToken)["users/me"]({})).token.expiration).toBe(await expiration(tokenId))

    const { items } = await stack.admin["audit-events/list"]({ query: { user_id: userId, action: "token.updated" } })
    for (const { actor, after } of items)
      expect([actor.user_id, typeof after.expiration]).toEqual(["system:apply-expiry-policy", "string"])
    expect(items).toHaveLength(2)

    const before = await expiration(tokenId)
    expect((await put({ max_expiry_days: 365 })).applying).toBe(0)
    expect(await stack.runJob("apply-expiry-policy", {})).toEqual({ shortened: 0 })
    expect(await expiration(tokenId)).toBe(before)
  })

  test("can be tried: what it would shorten is listed page by page, each once, and nothing changes", async () => {
    const { userId, tokenId } = await aService(stack, "Member", "never")
    const made = [tokenId]
    for (const expiration of ["8d", "1y", "100d"]) made.push((await create(userId, expiration)).id)
    const within = await create(userId, "7d")
    const impact = async (max_expiry_days: string) => {
      const found = []
      for await (const token of stack.admin.all("settings/impact", { query: { max_expiry_days, limit: 2 } }))
        if (token.user.user_id === userId) found.push(token)
      return found
    }
    const found = await impact("7")
    expect(found.map(({ id }) => id).sort()).toEqual(made.sort())
    for (const { created_at, new_expiration } of found)
      expect(Date.parse(new_expiration)).toBe(Date.parse(created_at) + 7 * day)
    expect(found.find(({ id }) => id === tokenId)?.expiration).toBeNull()
    expect((await impact("365")).map(({ id }) => id)).toEqual([tokenId])
    expect((await stack.admin["user-tokens/get"]({ id: within.id })).expiration).toBe(within.expiration)
    expect((await stack.admin["user-tokens/get"]({ id: tokenId })).expiration).toBeNull()

    const page = (query: string) => stack.send(`/settings/impact?limit=1&${query}`)
    const { next_cursor } = (await (await page("max_expiry_days=7")).json()) as { next_cursor: string }
    expect((await page(`max_expiry_days=7&cursor=${next_cursor}`)).status).toBe(200)
    expect((await page(`max_expiry_days=8&cursor=${next_cursor}`)).status).toBe(400)
    for (const bad of ["", "max_expiry_days=", "max_expiry_days=0", "max_expiry_days=3651", "max_expiry_days=1e1"])
      expect((await page(bad)).status).toBe(422)
    for (const good of ["1", "3650"]) expect((await page(`max_expiry_days=${good}`)).status).toBe(200)
  })
})
