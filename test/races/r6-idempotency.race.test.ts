import { beforeAll, expect, test } from "vitest"
import { Problem } from "../../shared/contract/problems.ts"
import { createToken } from "../../shared/store/tokens.ts"
import { createUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { rounds } from "../rounds.ts"
import { createTestTable, type TestTable } from "../tables.ts"
import { anAccount, lambdaOn, tokenBody } from "./accounts.ts"

/** R6. Kills the mutant r6-unclaimed. */
let table: TestTable
beforeAll(async () => {
  table = await createTestTable()
})
const once = 6
const key = (round: number) => ({ principal: 1, keyHash: `key ${round}`, requestHash: "request" })

test("R6 one Idempotency-Key six times at once makes one token, and shows it once", async () => {
  let { user } = await anAccount(table, "r6", 0)
  const races = rounds(60)
  for (const round of races) {
    // An account has a hundred tokens and no more.
    if (round % 100 === 0) user = (await anAccount(table, `r6 ${round}`, 0)).user
    // Names of their own, so that it is the key which tells them to be one, and not the name.
    const outcomes = await Promise.allSettled(
      Array.from({ length: once }, (_, n) =>
        createToken(lambdaOn(table), anAdmin(), "all", tokenBody(user.user_id, `t${round} ${n}`), key(round)),
      ),
    )
    const made = outcomes.filter(({ status }) => status === "fulfilled")
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" && outcome.reason instanceof Problem ? [outcome.reason.code] : [],
    )
    expect([made.length, refused]).toEqual([1, Array(once - 1).fill("token-already-issued")])
  }
  const rows = await table.dump()
  expect(rows.filter(({ PK }) => PK.startsWith("TOK#"))).toHaveLength(races.done)
})

test("R6 one Idempotency-Key six times at once makes one account, and answers it each time", async () => {
  for (const round of rounds(30)) {
    const bodies = Array.from({ length: once }, (_, n) => ({
      user_type: "Service" as const,
      name: `account ${round} ${n}`,
      role: "Member" as const,
      teams: [],
    }))
    const answers = await Promise.all(
      bodies.map((body) => createUser(lambdaOn(table), anAdmin(), body, key(-1 - round))),
    )
    expect(new Set(answers.map(({ user }) => user.id)).size).toBe(1)
  }
})
