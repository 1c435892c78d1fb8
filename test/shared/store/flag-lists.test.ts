import { expect, test } from "vitest"
import { system } from "../../../shared/store/audit.ts"
import { listServiceTokens } from "../../../shared/store/token-lists.ts"
import { sweepUnusedTokens } from "../../../shared/store/unused.ts"
import { aFleet, day, watched } from "../../fleet.ts"

/** A list by a flag: from the indexes that know it, so that a few of many stand on the first page. */
async function aListedFleet() {
  const fleet = await aFleet()
  const { runtimeOn, token, clock } = fleet
  const query = { limit: 100, cursor: undefined, user_id: undefined, status: undefined, q: undefined }
  const page = (flag: "unused" | "expiring" | "never-expires", cursor?: string, limit = 100) =>
    listServiceTokens(runtimeOn(), { limit, cursor, binding: "b" }, { ...query, flag })
  return {
    ...fleet,
    page,
    /** All ids, page by page. */
    ids: async (flag: Parameters<typeof page>[0], limit?: number) => {
      const found: number[] = []
      let cursor: string | undefined
      do {
        const { items, next_cursor } = await page(flag, cursor, limit)
        found.push(...items.map(({ id }) => id))
        cursor = next_cursor ?? undefined
      } while (cursor)
      return found.sort()
    },
    many: async (count: number, expiration: string) => {
      const ids: number[] = []
      for (let n = 0; n < count; n++) {
        ids.push(await token(expiration))
        // Another id's shard.
        clock.advance(1)
      }
      return ids.sort()
    },
  }
}

test("unused: before the sweep has come and after, once each; not those in use, revoked or expired", async () => {
  const { many, ids, page, use, set, clock, runtimeOn, table } = await aListedFleet()
  const old = await many(12, "never")
  const [revoked = 0] = await many(1, "never")
  await many(1, "60d")
  clock.advance(89 * day)
  expect(await ids("unused")).toEqual([])
  const young = await many(60, "1y")
  await set(revoked, false)
  clock.advance(day)
  expect(await ids("unused")).toEqual(old)
  expect((await page("unused")).next_cursor).toBeNull()
  await use(old[0] as number)
  const left = old.slice(1)
  expect(await ids("unused", 3)).toEqual(left)
  await sweepUnusedTokens(runtimeOn(), system("flag-unused-tokens", "r"))
  expect(await ids("unused", 3)).toEqual(left)
  // What is in use, its query doesn't even see.
  const { on, reads } = watched(table.table)
  const request = { limit: 100, cursor: undefined, binding: "b" }
  const listed = await listServiceTokens(runtimeOn(on), request, { ...request, flag: "unused" } as never)
  expect(listed.items).toHaveLength(left.length)
  expect(reads.keys.length).toBeLessThan(young.length)
})

test("expiring and never-expires: by the expiry, to the millisecond", async () => {
  const { many, ids, clock, set } = await aListedFleet()
  const [soon, later, never] = [await many(5, "30d"), await many(5, "60d"), await many(5, "never")]
  expect(await ids("never-expires", 2)).toEqual(never)
  expect(await ids("expiring", 2)).toEqual(soon)
  await set(soon[0] as number, false)
  expect(await ids("expiring")).toEqual(soon.slice(1))
  clock.advance(30 * day)
  expect(await ids("expiring", 2)).toEqual(later)
  clock.advance(30 * day)
  expect(await ids("expiring")).toEqual([])
  expect(await ids("never-expires")).toEqual(never)
})
