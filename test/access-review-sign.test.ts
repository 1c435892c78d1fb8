import { randomUUID } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { ApiProblem } from "../shared/contract/client.ts"
import { until } from "./infra/local/fixture.ts"
import { type LocalTestStack, startTestStack } from "./local-stack.ts"
import { aHuman, aService } from "./people.ts"
import { reviewHash, reviewPages } from "./reviews.ts"

/** The pages of the access review, and their hash. On a stack of its own, since any change of anyone makes it stale. */
let stack: LocalTestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

const problemOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no problem",
    (error) => (error instanceof ApiProblem ? error.problem.type.split("/").pop() : error),
  )

describe("the pages", () => {
  test("have each service account once with all of its tokens, newest first, and lead to one hash", async () => {
    const human = await aHuman(stack, "Admin")
    for (let n = 0; n < 4; n++) {
      const { userId: user_id } = await aService(stack)
      const body = { name: randomUUID(), type: "Service", user_id, expiration: "never" } as const
      await stack.admin["user-tokens/create"]({ body })
    }
    const all = []
    for await (const user of stack.admin.all("users/list", { query: { user_type: "Service" } })) all.push(user)
    const hashes = new Set<unknown>()
    for (const limit of [1, 2, 50]) {
      const pages = await reviewPages(stack, limit)
      expect(pages.flatMap(({ items }) => items.map(({ user }) => user))).toEqual(all)
      expect(pages.slice(0, -1).every(({ hash, items }) => hash === null && items.length === limit)).toBe(true)
      hashes.add(pages.at(-1)?.hash)
    }
    expect([...hashes]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
    expect(all.map(({ id }) => id)).not.toContain(human.id)

    const shown = (await reviewPages(stack)).flatMap(({ items }) => items.flatMap(({ tokens }) => tokens))
    const listed = []
    for await (const token of stack.admin.all("user-tokens/list-service", {})) listed.push(token)
    const byId = (one: { id: number }, other: { id: number }) => one.id - other.id
    expect(shown.map(({ token }) => token).sort(byId)).toEqual(listed.sort(byId))
  })

  test("take a cursor of their own caller only, and at most fifty accounts", async () => {
    const { next_cursor } = await stack.admin["access-review/get"]({ query: { limit: 1 } })
    const other = await aService(stack, "Admin")
    const get = (query: string, token?: string) => stack.send(`/access-review?${query}`, token ? { token } : {})
    expect((await get(`cursor=${next_cursor}`)).status).toBe(200)
    expect((await get(`cursor=${next_cursor}`, other.bearerToken)).status).toBe(400)
    for (const limit of [0, 51, "1.5", "x"]) expect((await get(`limit=${limit}`)).status).toBe(422)
  })
})

describe("a sign-off", () => {
  const sign = (hash: string, reason?: string) =>
    stack.admin["access-review/sign"]({ body: { hash, ...(reason && { reason }) } })

  test("is in the audit trail: who, when, and the hash", async () => {
    const pages = await reviewPages(stack)
    const hash = pages.at(-1)?.hash as string
    const items = pages.flatMap((page) => page.items)
    const signed = await sign(hash, "third quarter")
    expect(signed).toMatchObject({
      hash,
      accounts: items.length,
      tokens: items.flatMap(({ tokens }) => tokens).length,
      signed_by: { user_id: "admin@example.com", handle: expect.stringMatching(/^symusr_/) },
    })
    const trail = await stack.admin["audit-events/list"]({ query: { action: "review.signed", limit: 1 } })
    expect(trail.items).toMatchObject([
      {
        ...{ id: signed.id, at: signed.at, actor: signed.signed_by, reason: "third quarter" },
        subject: { id: 0, user_id: "access-review" },
        before: {},
        after: { hash, accounts: signed.accounts, tokens: signed.tokens },
      },
    ])
    // Nothing has changed by it.
    expect(await reviewHash(stack)).toBe(hash)
    expect((await sign(hash)).id).not.toBe(signed.id)
  })

  test("is refused after any change of an account or a token, and not after a use", async () => {
    const { id, userId, tokenId, bearerToken } = await aService(stack)
    const token = { name: "second one", type: "Service", user_id: userId, expiration: "7d" } as const
    const changes: (() => Promise<unknown>)[] = [
      () => aService(stack),
      () => stack.admin["users/update"]({ id, body: { purpose: "another" } }),
      () => stack.admin["user-tokens/create"]({ body: token }),
      () => stack.admin["user-tokens/update"]({ id: tokenId, body: { allowed_cidrs: ["203.0.113.0/24"] } }),
      () => stack.admin["user-tokens/update"]({ id: tokenId, body: { active: false } }),
      () => stack.admin["user-tokens/delete"]({ id: tokenId }),
      () => stack.admin["users/revoke-tokens"]({ id }),
      () => stack.admin["users/update"]({ id, body: { active: false } }),
      () => stack.admin["users/delete"]({ id }),
    ]
    await stack.as(bearerToken)["users/me"]({})
    const hashes = [await reviewHash(stack)]
    await until(async () => (await stack.admin["user-tokens/get"]({ id: tokenId })).last_used !== null)
    expect(await problemOf(sign(hashes[0] as string))).toBe("no problem")
    for (const change of changes) {
      await change()
      expect(await problemOf(sign(hashes.at(-1) as string))).toBe("review-stale")
      hashes.push(await reviewHash(stack))
      expect(await problemOf(sign(hashes.at(-1) as string))).toBe("no problem")
    }
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  test("of pages between which something changed is refused, wherever it was", async () => {
    const [first, last] = [await aService(stack), await aService(stack)]
    for (const { id } of [first, last]) {
      const page = await stack.admin["access-review/get"]({ query: { limit: 1 } })
      await stack.admin["users/update"]({ id, body: { purpose: randomUUID() } })
      let { hash, next_cursor } = page
      while (next_cursor) {
        const query = { limit: 50, cursor: next_cursor }
        ;({ hash, next_cursor } = await stack.admin["access-review/get"]({ query }))
      }
      // The newest was shown before it changed; the one after it was not.
      const expected = id === last.id ? "review-stale" : "no problem"
      expect(await problemOf(sign(hash as string))).toBe(expected)
    }
  })

  test("needs users:write, and the hash of a review", async () => {
    const { bearerToken } = await aService(stack, "Manager")
    const hash = await reviewHash(stack)
    const manager = stack.as(bearerToken)
    expect(await problemOf(manager["access-review/sign"]({ body: { hash } }))).toBe("insufficient-role")
    expect(await problemOf(manager["access-review/get"]({}))).toBe("insufficient-role")
    expect(await problemOf(sign("0".repeat(64)))).toBe("review-stale")
    for (const bad of ["", hash.slice(1), `${hash}0`, hash.toUpperCase(), `${hash}\n`, 1, null])
      expect(await problemOf(sign(bad as string))).toBe("validation-failed")
  })
})
