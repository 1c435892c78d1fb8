import { describe, expect, test } from "vitest"
import { indexSource, pagesOf, readOn, readPage, rowId, type Source } from "../../../shared/store/pages.ts"
import { fakeRuntime } from "../../fakes.ts"

/** Pages over lists that are known: what is read, what is answered, and where it goes on. */
const keyOf = (at: string) => ({ PK: at, SK: "S" })
/** So many rows, the newest first, and what has been asked of them. */
function aSource(prefix: string, count: number) {
  const ats = Array.from({ length: count }, (_, n) => `${prefix}${String(count - n).padStart(4, "0")}`)
  const asked: [string | undefined, number][] = []
  let keysRead = 0
  const source: Source = async (after, limit) => {
    asked.push([after, limit])
    const found = ats.filter((at) => after === undefined || at < after).slice(0, limit)
    keysRead += found.length
    return found.map((at) => ({ ...keyOf(at), at }))
  }
  return { source, asked, ats, keysRead: () => keysRead }
}
const all = async (keys: { PK: string; SK: string }[]) => new Map(keys.map((key) => [rowId(key), key.PK]))
const none = async () => new Map<string, string>()
const start = { source: 0 }

describe("a page", () => {
  test("asks for one key more than it shows, and says where the next one begins", async () => {
    const { source, asked, ats } = aSource("a", 5)
    const first = await readOn(start, 3, [source], all)
    expect(first).toEqual({ rows: ats.slice(0, 3), next: { source: 0, after: ats[2] } })
    expect(await readOn(first.next as never, 3, [source], all)).toEqual({ rows: ats.slice(3), next: null })
    expect(asked).toEqual([
      [undefined, 4],
      [ats[2], 4],
    ])
  })

  test("that is exactly the rest is the last one", async () => {
    const { source } = aSource("a", 3)
    expect((await readOn(start, 3, [source], all)).next).toBeNull()
    expect(await readOn(start, 3, [], all)).toEqual({ rows: [], next: null })
    expect(await readOn(start, 3, [aSource("a", 0).source], all)).toEqual({ rows: [], next: null })
  })

  test("goes from one source to the next, each from its beginning", async () => {
    const [a, b] = [aSource("a", 2), aSource("b", 3)]
    const first = await readOn(start, 4, [a.source, b.source], all)
    expect(first).toEqual({ rows: [...a.ats, ...b.ats.slice(0, 2)], next: { source: 1, after: b.ats[1] } })
    expect(b.asked).toEqual([[undefined, 100]])
    expect(await readOn(first.next as never, 4, [a.source, b.source], all)).toEqual({
      rows: b.ats.slice(2),
      next: null,
    })
    const full = await readOn(start, 2, [a.source, b.source], all)
    expect(full).toEqual({ rows: a.ats, next: { source: 1 } })
  })

  test("never asks a source for more than a hundred, and doesn't know then whether there is more", async () => {
    const { source, asked, ats } = aSource("a", 100)
    expect(await readOn(start, 100, [source], all)).toEqual({ rows: ats, next: { source: 0, after: ats[99] } })
    expect(asked).toEqual([[undefined, 100]])
    expect(await readOn({ source: 0, after: ats[99] as string }, 100, [source], all)).toEqual({ rows: [], next: null })
  })

  test("leaves out what is filtered or gone, and ends near five hundred keys", async () => {
    const { source, asked, ats, keysRead } = aSource("a", 2000)
    const { rows, next } = await readOn(start, 50, [source], none)
    expect(rows).toEqual([])
    expect(asked.map(([, limit]) => limit)).toEqual([51, 100, 100, 100, 100, 100])
    expect(next).toEqual({ source: 0, after: ats[550] })
    // Every key is read once, to the end.
    let position = next
    for (let pages = 0; position && pages < 10; pages++) position = (await readOn(position, 50, [source], none)).next
    expect(position).toBeNull()
    expect(keysRead()).toBe(2000)
    const only = async (keys: { PK: string; SK: string }[]) =>
      new Map(keys.filter(({ PK }) => PK === ats[1]).map((key) => [rowId(key), key.PK]))
    expect((await readOn(start, 1, [aSource("a", 3).source], async (keys) => only(keys))).rows).toEqual([])
    expect((await readOn(start, 1, [source], only)).rows).toEqual([ats[1]])
  })

  test("reads no rows where there are no keys", async () => {
    const read = async () => {
      throw new Error("read")
    }
    expect(await readOn(start, 3, [aSource("a", 0).source], read)).toEqual({ rows: [], next: null })
  })

  test("has a cursor of its request alone", async () => {
    const runtime = fakeRuntime({} as never)
    const { source, ats } = aSource("a", 3)
    const request = { limit: 2, binding: "one" }
    const { rows, nextCursor } = await readPage(runtime, request, [source], all)
    expect(rows).toEqual(ats.slice(0, 2))
    const cursor = nextCursor as string
    expect(await readPage(runtime, { ...request, cursor }, [source], all)).toEqual({ rows: [ats[2]], nextCursor: null })
    await expect(readPage(runtime, { ...request, binding: "other", cursor }, [source], all)).rejects.toMatchObject({
      code: "invalid-cursor",
    })
  })
})

describe("all pages, for a job,", () => {
  const sizes = async (source: Source, from?: string) => {
    const pages: number[] = []
    for await (const keys of pagesOf(source, from)) pages.push(keys.length)
    return pages
  }

  test.each([
    [0, []],
    [1, [1]],
    [99, [99]],
    [100, [100]],
    [101, [100, 1]],
    [200, [100, 100]],
  ])("of %d keys", async (count, pages) => {
    expect(await sizes(aSource("a", count).source)).toEqual(pages)
  })

  test("begin where they are told to, and go on from the last key", async () => {
    const { source, asked, ats } = aSource("a", 150)
    expect(await sizes(source, ats[9])).toEqual([100, 40])
    expect(asked).toEqual([
      [ats[9], 100],
      [ats[109], 100],
    ])
  })
})

test("a partition of an index is a source", async () => {
  const asked: object[] = []
  const runtime = fakeRuntime({
    queryIndex: async (query: object) => {
      asked.push(query)
      return []
    },
  } as never)
  await indexSource(runtime, "list", "P")("after", 7)
  expect(asked).toEqual([{ index: "list", partition: "P", after: "after", limit: 7 }])
})
