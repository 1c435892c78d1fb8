import { beforeAll, describe, expect, test } from "vitest"
import type { Caller } from "../../../shared/contract/caller.ts"
import type { Actor } from "../../../shared/store/audit.ts"
import {
  createContainer,
  createDatastore,
  getDatastore,
  listContainers,
  listDatastores,
} from "../../../shared/store/datastores.ts"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { always, remove } from "../../../shared/store/steps.ts"
import { datastoreKey } from "../../../shared/store/table.ts"
import { createTeam } from "../../../shared/store/team-list.ts"
import { encodeId } from "../../../shared/token/format.ts"
import { anAdmin } from "../../builders.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../../fakes.ts"
import { interrupted } from "../../fleet.ts"
import { createTestTable, type TestTable } from "../../tables.ts"
import { told } from "../../told.ts"
import { trailOf } from "../../trail.ts"

/** Who sees and changes what, what is told of it, and how it is refused. */
let table: TestTable
let runtime: FakeRuntime
beforeAll(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table, frozenClock())
  for (const name of ["Red", "Blue"]) await createTeam(runtime, anAdmin(), { name })
})

const red = anAdmin({ accountId: 2, role: "Editor", teams: ["red"] })
const request = { limit: 50, cursor: undefined, binding: "test" }
const make = (name: string, team = "Public", caller: Caller & Actor = anAdmin()) => {
  runtime.clock.advance(1)
  return createDatastore(runtime, caller, { name, team, reason: "why" })
}
const eventsOf = (id: number) => trailOf(table, `DS${encodeId(id)}`)

describe("a datastore", () => {
  test("is made for Public or a team of the caller's, and told; an Admin may make it for any", async () => {
    const { id, ...shown } = await make("sales", "Red", red)
    expect(shown).toEqual({ name: "sales", team: "Red", created_at: expect.any(String), created_by_id: 2 })
    expect(await eventsOf(id)).toEqual([
      {
        ...{ action: "datastore.created", of: "datastore:sales", before: {}, reason: "why" },
        after: { name: "sales", team: "red" },
      },
    ])
    expect((await make("open", "public", red)).team).toBe("Public")
    expect((await make("theirs", "Blue")).team).toBe("Blue")
    const refused = "/team must be Public, or one of the caller's teams"
    expect(await told(make("no", "Blue", red))).toBe(refused)
    expect(await told(make("no", "Nowhere"))).toBe(refused)
  })

  test("is there for its team, and not-found for everybody else", async () => {
    const [own, other, open] = [await make("own", "Red"), await make("other", "Blue"), await make("open")]
    for (const { id } of [own, open]) expect((await getDatastore(runtime, red, id)).id).toBe(id)
    expect(await told(getDatastore(runtime, red, other.id))).toBe("not-found")
    expect(await told(getDatastore(runtime, anAdmin(), 7))).toBe("not-found")
    expect(await getDatastore(runtime, anAdmin(), other.id)).toEqual(other)
  })

  test("reads no team's name for what is Public's", async () => {
    const { id } = await make("open")
    const on = { ...table.table, batchGet: () => Promise.reject(new Error("read")) }
    expect((await getDatastore({ ...runtime, table: on }, red, id)).team).toBe("Public")
  })
})

describe("a list", () => {
  const list = async (caller: Caller, query: object = {}) =>
    (await listDatastores(runtime, caller, request, query as never)).items.map(({ name }) => name)

  test("has the caller's teams, by their keys, then Public's; each newest first, by any part of a name", async () => {
    const word = "Needle"
    for (const [name, team] of [
      [`${word} 1`, "Public"],
      [`${word} 2`, "Red"],
      [`${word} 3`, "Red"],
      [`${word} 4`, "Blue"],
      ["hay", "Red"],
    ])
      await make(name as string, team)
    const q = word.toUpperCase()
    expect(await list(red, { q })).toEqual(["Needle 3", "Needle 2", "Needle 1"])
    expect(await list({ ...red, teams: ["red", "blue"] }, { q })).toEqual([
      ...["Needle 4", "Needle 3", "Needle 2", "Needle 1"],
    ])
    expect(await list(anAdmin(), { q })).toEqual(["Needle 4", "Needle 3", "Needle 2", "Needle 1"])
    expect(await list(red, { q, team: "Red" })).toEqual(["Needle 3", "Needle 2"])
    expect(await list(red, { q, team: "Blue" })).toEqual([])
  })

  test("has a cursor that is no use once the caller's teams have changed", async () => {
    const { next_cursor } = await listDatastores(runtime, red, { ...request, limit: 1 }, {} as never)
    const next = { ...request, cursor: next_cursor as string }
    expect(await told(listDatastores(runtime, red, next, {} as never))).toBe("done")
    expect(await told(listDatastores(runtime, { ...red, teams: [] }, next, {} as never))).toBe("invalid-cursor")
    expect(await told(listDatastores(runtime, red, { ...next, binding: "b" }, {} as never))).toBe("invalid-cursor")
  })

  test.each([
    [999, [undefined]],
    [1000, [undefined, "t0001"]],
    [1001, [undefined, "t0002", undefined]],
  ])("of an Admin goes through all of %d teams", async (count, expected) => {
    const keys = Array.from({ length: count }, (_, n) => `t${String(count - n).padStart(4, "0")}`)
    const asked: (string | undefined)[] = []
    const partitions: string[] = []
    const on: Table = {
      ...table.table,
      queryIndex: async ({ partition, after, limit }) => {
        if (!partition.startsWith("TEAM")) partitions.push(partition)
        else asked.push(after)
        if (!partition.startsWith("TEAM")) return []
        const found = keys.filter((at) => after === undefined || at < after)
        return found.slice(0, limit).map((at) => ({ PK: at, SK: "T", at }))
      },
    }
    await listDatastores({ ...runtime, table: on }, anAdmin(), request, {} as never)
    expect(asked).toEqual(expected.slice(0, Math.ceil((count + 1) / 1000)))
    expect(partitions.length).toBe(count + 1)
    expect(partitions[0]).toContain("t0001")
  })
})

describe("containers", () => {
  test("are made in what the caller may see, told, and listed newest first by any part of a name", async () => {
    const { id } = await make("store", "Red")
    const add = async (name: string) => {
      runtime.clock.advance(1)
      return createContainer(runtime, red, id, { name, reason: "more" })
    }
    const [first, second] = [await add("Raw one"), await add("two")]
    expect(first).toEqual({
      ...{ id: first.id, datastore_id: id, name: "Raw one", created_at: expect.any(String), created_by_id: 2 },
    })
    expect((await eventsOf(id)).slice(1)[0]).toEqual({
      ...{ action: "container.created", of: "datastore:store", before: {}, reason: "more" },
      after: { id: first.id, name: "Raw one" },
    })
    const list = (query: object) => listContainers(runtime, red, id, request, query as never)
    expect((await list({})).items).toEqual([second, first])
    expect((await list({ q: "RAW" })).items).toEqual([first])
    const stranger = { ...red, teams: ["blue"] }
    expect(await told(createContainer(runtime, stranger, id, { name: "no" }))).toBe("not-found")
    expect(await told(listContainers(runtime, stranger, id, request, {} as never))).toBe("not-found")
  })

  test("of a datastore that goes meanwhile are not-found", async () => {
    const { id } = await make("going")
    const end = () => table.table.transact([remove(datastoreKey(id), always, () => new Error("unconditional"))])
    const on = interrupted(table.table, end)
    expect(await told(createContainer({ ...runtime, table: on }, red, id, { name: "c" }))).toBe("not-found")
  })
})
