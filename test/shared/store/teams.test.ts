import { beforeAll, describe, expect, test } from "vitest"
import { teamKey } from "../../../shared/store/table.ts"
import { createTeam, deleteTeam, listTeams } from "../../../shared/store/team-list.ts"
import { shownTeams, teamKeyOf, teamKeysOf, teamNames, teamSteps } from "../../../shared/store/teams.ts"
import { createUser, updateUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../../fakes.ts"
import { createTestTable, type TestTable } from "../../tables.ts"
import { told } from "../../told.ts"
import { trailOf } from "../../trail.ts"

/** Teams by their keys: made, counted, deleted, and how they are refused. */
let table: TestTable
let runtime: FakeRuntime
beforeAll(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table, frozenClock())
})

const create = (name: string) => createTeam(runtime, anAdmin(), { name, reason: "new" })
const remove = (key: string) => deleteTeam(runtime, anAdmin(), key, "old")
const eventsOf = (key: string) => trailOf(table, `TEAM${key}`)

test("a key is the name in small letters, composed, without white space around it, which is _ within", () => {
  expect(teamKeyOf("  Data \t Science ")).toBe("data_science")
  expect(teamKeyOf("E\u0301")).toBe("\u00e9")
})

test("keys are each once, without Public, and fifty at the most", async () => {
  expect(teamKeysOf(["Red", "PUBLIC", "red", "Blue"])).toEqual(["red", "blue"])
  const many = (count: number) => Array.from({ length: count }, (_, n) => `t${n}`)
  expect(teamKeysOf([...many(50), "public", "T0"])).toHaveLength(50)
  expect(await told((async () => teamKeysOf(many(51)))())).toBe("/teams must have at most 50 teams besides Public")
})

test("teams are shown by their names, Public first, and one that is gone by its key", () => {
  expect(shownTeams(["red", "gone"], new Map([["red", "Red"]]))).toEqual(["Public", "Red", "gone"])
})

test("names of all teams that rows mention are one read, and none where they mention none", async () => {
  await create("Named")
  const asked: string[][] = []
  const on = fakeRuntime({
    ...table.table,
    batchGet: (keys) => {
      asked.push(keys.map(({ PK }) => PK))
      return table.table.batchGet(keys)
    },
  })
  expect(await teamNames(on, [{ teams: ["named", "gone"] }, { teams: ["named"] }])).toEqual(
    new Map([["named", "Named"]]),
  )
  expect(await teamNames(on, [{ teams: [] }])).toEqual(new Map())
  expect(asked).toEqual([[teamKey("named").PK, teamKey("gone").PK]])
})

describe("a change of an account's teams", () => {
  const keys = (count: number, letter: string) => Array.from({ length: count }, (_, n) => `${letter}${n}`)

  test("counts in whom it joins, counts out whom it leaves, and touches no other", async () => {
    for (const name of ["Joined", "Left", "Kept"]) await create(name)
    const { user } = await createUser(runtime, anAdmin(), {
      ...{ user_type: "Service", name: "t", role: "Member", teams: ["Left", "Kept"] },
    })
    await updateUser(runtime, anAdmin(), user.id, { teams: ["Kept", "Joined"] }, undefined)
    const uses = async (key: string) => (await table.table.get<{ uses: number }>(teamKey(key)))?.uses
    expect([await uses("joined"), await uses("left"), await uses("kept")]).toEqual([1, 0, 1])
    expect(teamSteps(["kept"], ["kept"], [])).toEqual([])
  })

  test("is of ninety at the most", async () => {
    expect(teamSteps(keys(45, "a"), keys(45, "b"), [])).toHaveLength(90)
    expect(await told((async () => teamSteps(keys(45, "a"), keys(46, "b"), []))())).toBe(
      "/teams must change at most 90 teams at once",
    )
  })

  test("names the team that isn't there by its place, and never counts below none", async () => {
    const [step] = teamSteps([], ["red"], ["Public", "RED"])
    expect(await told(Promise.reject(step?.otherwise(undefined)))).toBe("/teams/1 must be the name of a team")
    await create("Nobodys")
    const left = table.table.transact(teamSteps(["nobodys"], [], []))
    expect(await told(left)).toBe("Error: a team was counted wrong")
    expect(await table.table.get(teamKey("nobodys"))).toMatchObject({ uses: 0 })
  })
})

describe("a team", () => {
  test("is made with a key of its own, once, and told", async () => {
    expect(await create("Data  Science")).toEqual({
      ...{ key: "data_science", name: "Data  Science", uses: 0 },
      ...{ created_at: "2026-11-23T12:00:00Z", created_by_id: 1 },
    })
    expect(await eventsOf("data_science")).toEqual([
      { action: "team.created", of: "team:data_science", before: {}, after: { name: "Data  Science" }, reason: "new" },
    ])
    expect(await told(create("DATA SCIENCE"))).toBe("team-name-taken")
    expect(await told(create("PUBLIC"))).toBe("public-team")
    expect(await told(create("x".repeat(32)))).toBe("done")
    const shape = "/name must lead to a key of 1 to 32 characters of a-z, 0-9 and _"
    for (const name of ["x".repeat(33), "R&D", "-a", "a-", " "])
      expect([name, await told(create(name))]).toEqual([name, shape])
  })

  test("is deleted while nothing uses it, and told", async () => {
    await create("Going")
    const { user } = await createUser(runtime, anAdmin(), {
      ...{ user_type: "Service", name: "uses it", role: "Member", teams: ["Going"] },
    })
    expect(await told(remove("going"))).toBe("team-in-use")
    await updateUser(runtime, anAdmin(), user.id, { teams: [] }, undefined)
    await remove("going")
    expect((await eventsOf("going")).find(({ action }) => action === "team.deleted")).toEqual({
      ...{ action: "team.deleted", of: "team:going", before: { name: "Going" }, after: {}, reason: "old" },
    })
    expect(await told(remove("going"))).toBe("not-found")
    expect(await told(remove("public"))).toBe("public-team")
  })

  test("is listed by its key, from the last down, by any part of its name", async () => {
    for (const name of ["Needle A", "needle b"]) await create(name)
    const list = async (q?: string) =>
      (await listTeams(runtime, { limit: 100, binding: "t" }, { q } as never)).items.map(({ key }) => key)
    expect(await list("NEEDLE")).toEqual(["needle_b", "needle_a"])
    expect(await list("le a")).toEqual(["needle_a"])
    const all = await list()
    expect(all).toEqual(all.toSorted().toReversed())
    expect(all).toEqual(expect.arrayContaining(["needle_a", "data_science"]))
  })
})
