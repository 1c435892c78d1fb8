import { beforeAll, describe, expect, test } from "vitest"
import { audit } from "../../../shared/store/audit.ts"
import { eventsBetween, listAuditEvents } from "../../../shared/store/audit-log.ts"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { userIdKey } from "../../../shared/store/table.ts"
import { anAdmin } from "../../builders.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../../fakes.ts"
import { createTestTable, type TestTable } from "../../tables.ts"
import { told } from "../../told.ts"

/** The trail by time: which instants a page has, and how much is read for it. */
const start = Date.parse("2026-11-23T12:00:00Z")
const day = 86_400_000
const account = { id: 3812345678901234, userId: "u@service" }
let table: TestTable
let runtime: FakeRuntime

/** Two events of an account, of another, and of nobody's, at each of these instants. */
const instants = [-40 * day, -31 * day - 1, -31 * day, -31 * day + 1, -day, -1, 0]
beforeAll(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table, frozenClock(start))
  await table.put({ ...userIdKey(account.userId), accountId: account.id, tombstone: true })
  for (const at of instants) {
    runtime.clock.set(start + at)
    for (const subject of [{ account }, { account: { id: 7, userId: "v@service" } }, { settings: true } as const])
      await table.table.transact([
        audit(runtime, anAdmin(), { action: "token.updated", before: {}, after: {}, ...subject }),
      ])
    await table.table.transact([
      audit(runtime, anAdmin(), { action: "token.deleted", before: { name: "n" }, after: {}, account }),
    ])
  }
  runtime.clock.set(start)
})

const request = { limit: 100, cursor: undefined, binding: "test" }
const list = async (query: object, on: Table = table.table) =>
  (await listAuditEvents({ ...runtime, table: on }, request, query as never)).items
/** How long after the start, and of what kind. */
const found = async (query: object) => (await list(query)).map(({ at }) => Date.parse(at) - start)
const times = (each: number, ...ats: number[]) => ats.flatMap((at) => Array.from({ length: each }, () => at))
const iso = (at: number) => new Date(start + at).toISOString()

describe("all events", () => {
  test("are those of the last 31 days, the newest first, this very instant included", async () => {
    expect(await found({})).toEqual(times(4, 0, -1, -day, -31 * day + 1))
  })

  test("are from an instant, inclusively, to another, exclusively", async () => {
    expect(await found({ from: iso(-day), to: iso(0) })).toEqual(times(4, -1, -day))
    expect(await found({ from: iso(-day + 1), to: iso(0) })).toEqual(times(4, -1))
    expect(await found({ from: iso(-1), to: iso(1) })).toEqual(times(4, 0, -1))
    expect(await found({ to: iso(-31 * day) })).toEqual(times(4, -31 * day - 1, -40 * day))
    expect(await found({ from: iso(0), to: iso(0) })).toEqual([])
  })

  test("are of 31 days at the most, and of an end that isn't before its beginning", async () => {
    const most = "/from must be at most 31 days before to, without user_id"
    expect(await told(list({ from: iso(-31 * day), to: iso(0) }))).toBe("done")
    expect(await told(list({ from: iso(-31 * day - 1), to: iso(0) }))).toBe(most)
    expect(await told(list({ from: iso(-31 * day) }))).toBe(most)
    expect(await told(list({ from: iso(1), to: iso(0) }))).toBe("/from must not be later than to")
    expect(await told(list({ from: iso(-100 * day), user_id: account.userId }))).toBe("done")
  })

  test("of an action are those alone", async () => {
    expect(await found({ action: "token.deleted" })).toEqual(times(1, 0, -1, -day, -31 * day + 1))
    expect(await found({ action: "team.created" })).toEqual([])
  })

  test("come page by page, each once", async () => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await listAuditEvents(runtime, { ...request, limit: 3, cursor }, {} as never)
      expect(page.items.length).toBeLessThanOrEqual(3)
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.next_cursor ?? undefined
    } while (cursor)
    expect([seen.length, new Set(seen).size]).toEqual([16, 16])
    expect(seen).toEqual(seen.toSorted().toReversed())
  })
})

describe("those of an account", () => {
  test("are all that there are, also when the account is gone; by the row itself, which is read once", async () => {
    const batches: number[] = []
    const on: Table = {
      ...table.table,
      batchGet: (keys) => {
        batches.push(keys.length)
        return table.table.batchGet(keys)
      },
    }
    const items = await list({ user_id: account.userId }, on)
    expect(items.map(({ at }) => Date.parse(at) - start)).toEqual(
      times(2, 0, -1, -day, -31 * day + 1, -31 * day, -31 * day - 1, -40 * day),
    )
    expect(new Set(items.map(({ subject }) => subject.user_id))).toEqual(new Set([account.userId]))
    expect(batches.every((count) => count === 0)).toBe(true)
  })

  test("are within the times that are told", async () => {
    const of = { user_id: account.userId }
    expect(await found({ ...of, from: iso(-day), to: iso(0) })).toEqual(times(2, -1, -day))
    expect(await found({ ...of, from: iso(-40 * day), to: iso(-31 * day) })).toEqual(times(2, -31 * day - 1, -40 * day))
  })

  test("of somebody who never was are not-found", async () => {
    expect(await told(list({ user_id: "nobody@service" }))).toBe("not-found")
  })
})

test("times before the first id and after the last are empty, and no error", async () => {
  expect(await found({ from: "1999-01-01T00:00:00Z", to: "1999-01-31T00:00:00Z" })).toEqual([])
  expect(await found({ from: "2999-01-01T00:00:00Z", to: "2999-01-31T00:00:00Z" })).toEqual([])
})

test("a job gets every event from one instant to another, however far apart", async () => {
  const all: number[] = []
  for await (const events of eventsBetween(runtime, start - 40 * day, start))
    all.push(...events.map(({ at }) => at - start))
  expect(all.sort((a, b) => b - a)).toEqual(times(4, -1, -day, -31 * day + 1, -31 * day, -31 * day - 1, -40 * day))
})
