import { beforeAll, expect, test } from "vitest"
import { Problem } from "../../shared/contract/problems.ts"
import { createToken } from "../../shared/store/tokens.ts"
import { createUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { fakeRuntime } from "../fakes.ts"
import { rounds } from "../rounds.ts"
import { createTestTable, type TestTable } from "../tables.ts"

/** R1. Kills the mutants r1-token-name-guard and r1-user-id-guard. */
let table: TestTable
const creators = 8

beforeAll(async () => {
  table = await createTestTable()
})

/** Each creator has a runtime of its own, as each Lambda has: other ids, one table. */
const race = <T>(create: (n: number) => Promise<T>) =>
  Promise.allSettled(Array.from({ length: creators }, (_, n) => create(n)))

const problems = (outcomes: PromiseSettledResult<unknown>[]) =>
  outcomes.flatMap((outcome) =>
    outcome.status === "rejected"
      ? [outcome.reason instanceof Problem ? outcome.reason.code : String(outcome.reason)]
      : [],
  )

test("R1 of eight creators of one user_id exactly one wins", async () => {
  const races = rounds(120, 10_000)
  for (const round of races) {
    const outcomes = await race(() =>
      createUser(fakeRuntime(table.table), anAdmin(), {
        user_type: "Service",
        name: `race ${round}`,
        role: "Member",
        teams: [],
      }),
    )
    expect(problems(outcomes)).toEqual(Array(creators - 1).fill("user-id-taken"))
  }
  const rows = await table.dump()
  const accounts = rows.filter(({ PK, SK }) => PK.startsWith("ACC#") && SK === "A")
  expect(accounts).toHaveLength(races.done)
  expect(rows.filter(({ PK }) => PK.startsWith("AUD#"))).toHaveLength(accounts.length)
})

test("R1 of eight creators of one token name exactly one wins, and the account counts one token", async () => {
  const runtime = fakeRuntime(table.table)
  const races = rounds(120, 10_000)
  for (const round of races) {
    const name = `names ${round}`
    const { user } = await createUser(runtime, anAdmin(), { user_type: "Service", name, role: "Member", teams: [] })
    const outcomes = await race(() =>
      createToken(fakeRuntime(table.table), anAdmin(), "all", {
        name: "Production",
        type: "Service",
        user_id: user.user_id,
        expiration: "30d",
        allowed_cidrs: [],
      }),
    )
    expect(problems(outcomes)).toEqual(Array(creators - 1).fill("token-name-taken"))
  }
  const rows = await table.dump()
  const counts = rows.filter(({ name }) => String(name).startsWith("names ")).map(({ tokens }) => tokens)
  expect(counts).toEqual(Array(races.done).fill(1))
  const tokens = rows.filter(({ PK }) => PK.startsWith("TOK#"))
  const guards = rows.filter(({ SK }) => SK.startsWith("TN#"))
  expect(guards.map(({ tokenId }) => tokenId).sort()).toEqual(tokens.map(({ id }) => id).sort())
})
