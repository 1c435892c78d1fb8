import { randomUUID } from "node:crypto"
import { afterAll, beforeAll, expect, test } from "vitest"
import { openTestStack, type RunningStack } from "./local-stack.ts"

let stack: RunningStack
beforeAll(async () => {
  stack = await openTestStack()
})
afterAll(() => stack.stop())

interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

/** All pages, of one item each: what is left for the next is what makes a Lambda need the cursor's key. */
async function allOf<Item>(page: (query: { limit: number; cursor?: string }) => Promise<Page<Item>>): Promise<Item[]> {
  const found: Item[] = []
  let cursor: string | null | undefined
  do {
    const { items, next_cursor } = await page({ limit: 1, ...(cursor && { cursor }) })
    expect(items.length).toBeLessThanOrEqual(1)
    found.push(...items)
    cursor = next_cursor
  } while (cursor)
  return found
}

test("P2 teams come page by page: each once, from the last letter to the first", async () => {
  for (const name of ["beta", "alpha", "gamma"]) await stack.admin["teams/create"]({ body: { name } })
  const names = (await allOf((query) => stack.admin["teams/list"]({ query }))).map(({ name }) => name)
  expect(names.filter((name) => ["alpha", "beta", "gamma"].includes(name))).toEqual(["gamma", "beta", "alpha"])
  expect(new Set(names).size).toBe(names.length)
})

test("P2 personal tokens come page by page: each once, the newest first", async () => {
  const created: number[] = []
  for (let n = 0; n < 3; n++) {
    // A child of a token that an operator minted, which may live for a day.
    const expiration = new Date(Date.now() + 2 * 3_600_000).toISOString()
    const body = { name: randomUUID(), type: "Personal", expiration } as const
    created.unshift((await stack.admin["user-tokens/create"]({ body })).id)
  }
  const ids = (await allOf((query) => stack.admin["user-tokens/list"]({ query }))).map(({ id }) => id)
  expect(ids.slice(0, 3)).toEqual(created)
  expect(new Set(ids).size).toBe(ids.length)
})
