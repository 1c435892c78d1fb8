import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { Unavailable } from "../../../shared/runtime.ts"
import { Conflict, createTable, retrying, type Table } from "../../../shared/store/dynamodb.ts"
import { absent, exists, put, remove, update, where } from "../../../shared/store/steps.ts"
import { type Fault, type FaultProxy, startFaultProxy } from "../../fault-proxy.ts"
import { createTestTable, type TestTable, testClient } from "../../tables.ts"

/** F1 at the store. Kills the mutants f1-token-per-attempt and f1-unprocessed-is-absent. */
let engine: TestTable
let table: Table
let proxy: FaultProxy
let faults: (Fault | undefined)[]
let n = 0

beforeAll(async () => {
  engine = await createTestTable()
})
beforeEach(async () => {
  faults = []
  proxy = await startFaultProxy(engine.endpoint, () => faults.shift())
  table = createTable(testClient(proxy.endpoint), engine.name)
})
afterEach(() => proxy.stop())

const fresh = () => ({ PK: `ROW#${n++}`, SK: "R" })
const taken = () => new Error("taken")

describe("a transaction", () => {
  test.each<Fault>(["conflict", "lost", "throttled", "server-error", "down"])(
    "succeeds once when its first attempt meets: %s",
    async (fault) => {
      const key = fresh()
      faults = [fault]
      await table.transact([put({ ...key, count: 1 }, absent, taken)])
      expect(await engine.table.get(key)).toEqual({ ...key, count: 1 })
      expect(proxy.seen.map(({ fault }) => fault)).toEqual([fault, undefined])
    },
  )

  test("that is applied once adds once, however often its answers are lost", async () => {
    const key = fresh()
    await engine.put({ ...key, count: 0 })
    // The SDK repeats by itself first. Without that each attempt is ours, and must carry the token of the first.
    const unrepeated = createTable(testClient(proxy.endpoint, 1), engine.name)
    faults = ["lost-in-progress", "lost-in-progress", "lost-in-progress"]
    await unrepeated.transact([update(key, { add: { count: 1 } }, exists, taken)])
    expect(await engine.table.get(key)).toEqual({ ...key, count: 1 })
  })

  test("tells its first failed step, from the item as it was found, and writes nothing", async () => {
    const [free, held, gone] = [fresh(), fresh(), fresh()]
    await engine.put({ ...held, state: "here" })
    const steps = [
      put(free, absent, taken),
      put(held, absent, (found) => new Error(`found ${found?.state}`)),
      remove(gone, exists, () => new Error("never told")),
    ]
    await expect(table.transact(steps)).rejects.toThrow("found here")
    expect(await engine.table.get(free)).toBeUndefined()
    await expect(table.transact([remove(gone, exists, (found) => new Error(String(found)))])).rejects.toThrow(
      "undefined",
    )
  })

  test("that loses every time ends as Unavailable, after thirteen attempts", { timeout: 60_000 }, async () => {
    faults = Array(50).fill("conflict")
    await expect(table.transact([put(fresh(), absent, taken)])).rejects.toThrow(Unavailable)
    expect(proxy.seen).toHaveLength(13)
  })
})

describe("an update", () => {
  test("answers whether its condition held, also after a conflict", async () => {
    const key = fresh()
    await engine.put({ ...key, name: "a", state: "b", gone: 1 })
    faults = ["conflict"]
    const changes = { set: { name: "c", state: undefined }, add: { count: 2 }, remove: ["gone"] }
    expect(await table.update(key, changes, where("#name = :is", { is: "a" }))).toBe(true)
    expect(await table.update(key, changes, where("#name = :is", { is: "a" }))).toBe(false)
    expect(await engine.table.get(key)).toEqual({ ...key, name: "c", state: "b", count: 2 })
  })
})

describe("a read", () => {
  test("takes unprocessed keys for what they are: rows that are still to come", async () => {
    const keys = [fresh(), fresh(), fresh()]
    for (const key of keys) await engine.put({ ...key })
    faults = ["unprocessed", "unprocessed"]
    const found = await table.batchGet<{ PK: string }>([...keys, fresh(), keys[0] as (typeof keys)[0]])
    expect(found.map(({ PK }) => PK).toSorted()).toEqual(keys.map(({ PK }) => PK).toSorted())
    expect(proxy.seen).toHaveLength(3)
  })

  test("that keys stay unprocessed for is Unavailable, not a smaller answer", { timeout: 60_000 }, async () => {
    const key = fresh()
    await engine.put({ ...key })
    faults = Array(50).fill("unprocessed")
    await expect(table.batchGet([key])).rejects.toThrow(Unavailable)
  })

  test("of more than a hundred rows goes in batches", async () => {
    const keys = Array.from({ length: 230 }, fresh)
    await Promise.all(keys.map((key) => engine.put({ ...key })))
    expect(await table.batchGet(keys)).toHaveLength(230)
    expect(proxy.seen).toHaveLength(3)
  })

  test("that can't reach the table is Unavailable", async () => {
    faults = Array(50).fill("down")
    const gone = { PK: "A", SK: "B" }
    await expect(table.get(gone)).rejects.toThrow(Unavailable)
    await expect(table.query("A", "B")).rejects.toThrow(Unavailable)
    await expect(table.queryIndex({ index: "list", partition: "A", limit: 1 })).rejects.toThrow(Unavailable)
    await expect(table.update(gone, { set: { a: 1 } }, exists)).rejects.toThrow(Unavailable)
  })

  test("of an index is newest first, below a sort key", async () => {
    const partition = `LIST#${n++}`
    for (const at of ["a", "b", "c", "d"]) await engine.put({ ...fresh(), listPK: partition, listSK: at })
    const page = async (after?: string) =>
      (await table.queryIndex({ index: "list", partition, after, limit: 2 })).map(({ at }) => at)
    expect([await page(), await page("c"), await page("a")]).toEqual([["d", "c"], ["b", "a"], []])
  })
})

describe("retrying", () => {
  test("starts anew after a Conflict, passes on anything else, and ends as Unavailable", {
    timeout: 60_000,
  }, async () => {
    let attempts = 0
    const lose = (times: number) => async () => {
      if (attempts++ < times) throw new Conflict("lost")
      return attempts
    }
    expect(await retrying(lose(3))).toBe(4)
    await expect(retrying(() => Promise.reject(new Error("other")))).rejects.toThrow("other")
    attempts = 0
    await expect(retrying(lose(100))).rejects.toThrow(Unavailable)
    expect(attempts).toBe(13)
  })
})
