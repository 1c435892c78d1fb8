import { createHash } from "node:crypto"
import { beforeEach, describe, expect, test } from "vitest"
import { system } from "../../../shared/store/audit.ts"
import { watchRefusals } from "../../../shared/store/refusals.ts"
import type { AuditItem } from "../../../shared/store/table.ts"
import { type FakeRuntime, fakeRuntime } from "../../fakes.ts"
import { start } from "../../fleet.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

/** F4, of refusals: lines twice, in any order, broken, and from many deliveries at once. */
let table: TestTable
let runtime: FakeRuntime
beforeEach(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table)
})

const handle = "symsvc_HSYTyqcksHSYTyqduY"
let ids = 0
const lineAt = (at: number, over: object = {}) => ({
  id: `line ${ids++}`,
  message: JSON.stringify({ event: "token.refused", at, ip: "203.0.113.7", code: "token-revoked", handle, ...over }),
})
/** So many refusals, a second apart. */
const linesFrom = (at: number, count: number, over: object = {}) =>
  Array.from({ length: count }, (_, n) => lineAt(at + n * 1000, over))
const watch = (lines: ReturnType<typeof linesFrom>) => watchRefusals(runtime, system("watch-refusals", "r"), lines)
/** By which networks share a row. */
const hashed = (network: string) => createHash("sha256").update(network).digest()[0]
const events = async () =>
  (await table.dump()).filter(({ action }) => action === "auth.failed-burst") as unknown as AuditItem[]

describe("refusals of one network", () => {
  test("are a burst from a hundred in five minutes on, which is told once, with what is known of it", async () => {
    expect(await watch(linesFrom(start, 99))).toBe(0)
    expect(await events()).toEqual([])
    expect(await watch(linesFrom(start + 99_000, 1))).toBe(1)
    expect(await events()).toMatchObject([
      {
        PK: "AUD#AUTH",
        actor: { userId: "system:watch-refusals" },
        subject: { id: 0, userId: "refusals" },
        before: {},
        after: { refused: 100, since: "2026-11-23T12:00:00Z", networks: ["203.0.113.0/24"], handles: [handle] },
      },
    ])
    expect(await watch(linesFrom(start + 100_000, 100))).toBe(0)
    expect(await events()).toHaveLength(1)
  })

  test("count by the clock's five minutes: a millisecond before the end and at it are two counts", async () => {
    const end = start + 300_000
    expect(await watch([...linesFrom(end - 60_000, 50), lineAt(end - 1), ...linesFrom(end, 99)])).toBe(0)
    expect(await watch([lineAt(end + 299_999)])).toBe(1)
    expect((await events())[0]?.after).toMatchObject({ refused: 100, since: "2026-11-23T12:05:00Z" })
  })

  test("are told of again in the next five minutes, if they go on", async () => {
    expect(await watch(linesFrom(start, 120))).toBe(1)
    expect(await watch(linesFrom(start + 300_000, 120))).toBe(1)
    expect(await events()).toHaveLength(2)
  })

  test("that come late count in the five minutes that they were in; in older ones no more", async () => {
    expect(await watch(linesFrom(start, 60))).toBe(0)
    expect(await watch(linesFrom(start + 300_000, 60))).toBe(0)
    expect(await watch(linesFrom(start + 60_000, 40))).toBe(1)
    expect((await events())[0]?.after).toMatchObject({ refused: 100, since: "2026-11-23T12:00:00Z" })
    expect(await watch(linesFrom(start - 300_000, 200))).toBe(0)
    expect(await watch(linesFrom(start + 360_000, 40))).toBe(1)
    expect((await events()).length).toBe(2)
  })

  test("from everywhere are told of five times in five minutes, and again in the next", async () => {
    const networks = Array.from({ length: 30 }, (_, n) => ({ ip: `10.0.${n}.1` }))
    const told: number[] = []
    for (const over of networks) told.push(await watch(linesFrom(start, 100, over)))
    expect(told.reduce((sum, count) => sum + count)).toBe(5)
    expect(await events()).toHaveLength(5)
    await Promise.all(networks.map((over) => watch(linesFrom(start + 300_000, 100, over))))
    expect(await events()).toHaveLength(10)
  })

  test("are told of again in later five minutes, which have the same row", async () => {
    for (let n = 0; n < 4; n++) expect(await watch(linesFrom(start + n * 300_000, 100))).toBe(1)
    const rows = (await table.dump()).filter(({ PK }) => PK.startsWith("BURST#"))
    expect(rows.length).toBeLessThan(8)
    // What was told need not be known any more.
    for (const { lines } of rows) expect(lines ?? []).toEqual([])
  })

  test("are told with ten of their handles at most, and ten of the networks that share their row", async () => {
    const handles = Array.from({ length: 11 }, (_, n) => `${handle.slice(0, -2)}${10 + n}`)
    expect(await watch(handles.flatMap((one) => linesFrom(start, 10, { handle: one })))).toBe(1)
    expect((await events())[0]?.after.handles).toEqual(handles.slice(0, 10))

    const first = hashed("10.0.0.0/24")
    const together = Array.from({ length: 65_536 }, (_, n) => `10.${n >> 8}.${n & 255}`)
      .filter((three) => hashed(`${three}.0/24`) === first)
      .slice(0, 11)
    await watch(together.flatMap((three) => linesFrom(start + 300_000, 10, { ip: `${three}.1` })))
    const networks = (await events()).map(({ after }) => after.networks as string[]).find((all) => all.length > 1)
    expect(networks).toEqual(together.slice(0, 10).map((three) => `${three}.0/24`))
  })

  test("of no handle are told without one", async () => {
    await watch(linesFrom(start, 100, { handle: undefined }))
    expect((await events())[0]?.after.handles).toEqual([])
  })

  test("don't add up with those of others", async () => {
    const networks = Array.from({ length: 20 }, (_, n) => ({ ip: `10.0.${n}.1` }))
    expect(await watch(networks.flatMap((over) => linesFrom(start, 9, over)))).toBe(0)
    expect(await events()).toEqual([])
  })
})

test("F4 a line that is delivered twice counts once, however often and in which order", async () => {
  const lines = linesFrom(start, 99)
  for (const again of [lines, lines.toReversed(), lines.slice(40), [...lines, ...lines]])
    expect(await watch(again)).toBe(0)
  expect(await watch([...lines, lineAt(start + 100_000)])).toBe(1)
  expect((await events())[0]?.after.refused).toBe(100)
  expect(await watch(lines)).toBe(0)
})

test("F4 deliveries at once tell of a burst once, and lose none of its refusals", async () => {
  const lines = linesFrom(start, 100)
  const parts = Array.from({ length: 8 }, (_, n) => lines.slice(n * 13, n * 13 + 13))
  const told = await Promise.all([...parts, ...parts].map(watch))
  expect(told.reduce((sum, count) => sum + count)).toBe(1)
  expect(await events()).toHaveLength(1)
})

test("F4 broken lines, and others, block none of the good ones", async () => {
  const bad = [
    "",
    "no JSON",
    "{}",
    JSON.stringify({ event: "token.used", at: start }),
    JSON.stringify({ event: "token.refused" }),
  ]
  const poisoned = bad.map((message, n) => ({ id: `bad ${n}`, message }))
  expect(await watch([...poisoned, ...linesFrom(start, 100), ...poisoned])).toBe(1)
})

test("a flood from everywhere keeps no more rows than there are buckets, and none of them grows", async () => {
  const flood = Array.from({ length: 1000 }, (_, n) => lineAt(start, { ip: `10.${n >> 8}.${n & 255}.1` }))
  await watch(flood)
  const rows = (await table.dump()).filter(({ PK }) => PK.startsWith("BURST#"))
  expect(rows.length).toBeGreaterThan(200)
  expect(rows.length).toBeLessThanOrEqual(256)
  await watch(linesFrom(start + 600_000, 5000))
  for (const row of await table.dump()) expect(JSON.stringify(row).length).toBeLessThan(4000)
  expect(rows.some((row) => "ttl" in row)).toBe(false)
})
