import { beforeAll, describe, expect, test } from "vitest"
import { openCursor, sealCursor } from "../../../shared/store/cursor.ts"
import { type PageRequest, readPage, type Source } from "../../../shared/store/pages.ts"
import { listUsers } from "../../../shared/store/users.ts"
import { anAccount } from "../../builders.ts"
import { type FakeRuntime, fakeRuntime } from "../../fakes.ts"
import { createTestTable, type TestTable } from "../../tables.ts"
import { codeOf } from "../../told.ts"

let table: TestTable
let runtime: FakeRuntime
beforeAll(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table)
})

describe("a cursor", () => {
  test("opens to what was sealed, and shows nothing of it", async () => {
    const position = { source: 1, after: "17WFK8goQ" }
    const cursor = await sealCursor(runtime, position, "binding")
    expect(await openCursor(runtime, cursor, "binding")).toEqual(position)
    expect(cursor).not.toContain("17WFK8goQ")
    expect(Buffer.from(cursor, "base64url").toString("latin1")).not.toContain("17WFK8goQ")
    expect(await openCursor(runtime, undefined, "binding")).toEqual({ source: 0 })
  })

  test("P2 with any bit of any character flipped, cut short, or bound elsewhere is invalid-cursor", async () => {
    const cursor = await sealCursor(runtime, { source: 0, after: "17WFK8goQ" }, "binding")
    const flips = [...cursor].flatMap((character, at) =>
      [1, 2, 4, 8, 16, 32, 64].map(
        (bit) => cursor.slice(0, at) + String.fromCharCode(character.charCodeAt(0) ^ bit) + cursor.slice(at + 1),
      ),
    )
    for (const changed of [...flips, cursor.slice(0, -1), cursor.slice(1), `${cursor}A`, "", "A", "AAAA", `${cursor}=`])
      expect([changed, await codeOf(openCursor(runtime, changed, "binding"))]).toEqual([changed, "invalid-cursor"])
    expect(await codeOf(openCursor(runtime, cursor, "another"))).toBe("invalid-cursor")
  })
})

describe("a page", () => {
  /** Sources of so many rows, newest first. */
  const sources = (...sizes: number[]) =>
    sizes.map(
      (size, source): Source =>
        async (after, limit) => {
          const keys = Array.from({ length: size }, (_, n) => String(size - n).padStart(5, "0"))
          return keys
            .filter((at) => after === undefined || at < after)
            .slice(0, limit)
            .map((at) => ({ PK: `${source}#${at}`, SK: "R", at }))
        },
    )
  const request = (limit: number, cursor?: string): PageRequest => ({ limit, cursor, binding: "b" })
  const everything = async (keys: { PK: string; SK: string }[]) =>
    new Map(keys.map(({ PK, SK }) => [`${PK}\n${SK}`, PK]))

  test.each([
    [1, [5]],
    [2, [5, 4]],
    [3, [0, 6, 0, 2]],
    [100, [250]],
    [7, [7, 7]],
  ])("P2 pages of %i over sources of %j see each row once, in order, and end", async (limit, sizes) => {
    const all = sources(...sizes)
    const seen: string[] = []
    let cursor: string | null | undefined
    let pages = 0
    do {
      const page = await readPage(runtime, request(limit, cursor ?? undefined), all, everything)
      expect(page.rows.length).toBeLessThanOrEqual(limit)
      seen.push(...page.rows)
      cursor = page.nextCursor
      if (pages++ > 50) throw new Error("endless")
    } while (cursor)
    const inOrder = sizes.flatMap((size, source) =>
      Array.from({ length: size }, (_, n) => `${source}#${String(size - n).padStart(5, "0")}`),
    )
    expect(seen).toEqual(inOrder)
  })
})

test("an account that is being deleted is not listed", async () => {
  await table.put({ ...anAccount({ id: 100, userId: "a@service", name: "a" }) })
  await table.put({ ...anAccount({ id: 101, userId: "b@service", name: "b", state: "DELETING" }) })
  const { items } = await listUsers(runtime, { limit: 10, binding: "b" }, { limit: 10 } as never)
  expect(items.map(({ user_id }) => user_id)).toEqual(["a@service"])
})
