import { beforeEach, expect, test } from "vitest"
import { Problem } from "../../shared/contract/problems.ts"
import { Unavailable } from "../../shared/runtime.ts"
import { system } from "../../shared/store/audit.ts"
import { deleteUser, purgeDeletedAccounts } from "../../shared/store/deletion.ts"
import type { Table } from "../../shared/store/dynamodb.ts"
import { tokenKey, tokenNameKey } from "../../shared/store/table.ts"
import { createToken } from "../../shared/store/tokens.ts"
import { updateUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { many, rounds, timeout } from "../rounds.ts"
import { createTestTable, type TestTable } from "../tables.ts"
import { anAccount, lambdaOn, tokenBody } from "./accounts.ts"
import { verifier } from "./verifier.ts"

/** R4. Kills the mutants r4-account-unchecked and r4-purge-forgets. */
let table: TestTable
beforeEach(async () => {
  table = await createTestTable()
})

const actor = system("purge-deleted-accounts", "r4")
const purge = (on: Table = table.table) => purgeDeletedAccounts(lambdaOn({ table: on }), actor)

/** What a deletion must not leave: tokens without an account, guards without a token, and the other way round. */
async function remains() {
  const rows = await table.dump()
  return rows.filter(({ PK }) => PK.startsWith("ACC#") || PK.startsWith("TOK#")).map(({ PK, SK }) => `${PK} ${SK}`)
}

test("R4 tokens that are created while their account is deactivated, deleted and purged: no orphan, no ghost", async () => {
  for (const round of rounds(12)) {
    const { user, tokens } = await anAccount(table, `r4 ${round}`, 10)
    const issued: string[] = tokens.map((token) => token.bearer_token)
    let ended = false
    const creators = Array.from({ length: 4 }, async (_, w) => {
      for (let n = 0; !ended && n < 200; n++)
        try {
          const token = await createToken(lambdaOn(table), anAdmin(), "all", tokenBody(user.user_id, `w${w} ${n}`))
          issued.push(token.bearer_token)
        } catch (error) {
          // `not-found` once it is gone; `token-quota` when they were many.
          if (!(error instanceof Problem)) throw error
        }
    })
    while (issued.length < 12) await new Promise(setImmediate)
    await updateUser(lambdaOn(table), anAdmin(), user.id, { active: false }, undefined)
    await deleteUser(lambdaOn(table), anAdmin(), user.id, undefined)
    // Two workers at once, as when a schedule fires late.
    await Promise.all([purge(), purge()])
    await purge()
    ended = true
    await Promise.all(creators)
    expect(await remains()).toEqual([])
    for (const bearerToken of issued.slice(-3)) expect(await verifier(table, bearerToken)()).toBe("refused")
  }
})

test("R4 a creation that has read its account before the deletion, and writes after it, makes nothing", async () => {
  for (const round of rounds(10)) {
    const { user } = await anAccount(table, `late ${round}`, 0)
    const late: Table = {
      ...table.table,
      transact: async (steps) => {
        await updateUser(lambdaOn(table), anAdmin(), user.id, { active: false }, undefined)
        await deleteUser(lambdaOn(table), anAdmin(), user.id, undefined)
        return table.table.transact(steps)
      },
    }
    const creation = createToken(lambdaOn({ table: late }), anAdmin(), "all", tokenBody(user.user_id, "t"))
    await expect(creation).rejects.toThrow("account-inactive")
    await purge()
    expect(await remains()).toEqual([])
  }
})

test("R4 a purge of 1,000 tokens, stopped at any point and resumed, leaves nothing, and tells each token once", {
  timeout: timeout(120_000),
}, async () => {
  const { user } = await anAccount(table, "a thousand", 0)
  const count = many(1000)
  // Past the quota of the API, straight into the table: rows and guards as a thousand creations leave them.
  const [account] = (await table.dump()).filter(({ SK }) => SK === "A")
  for (let start = 0; start < count; start += 50)
    await Promise.all(
      Array.from({ length: Math.min(50, count - start) }, async (_, n) => {
        const id = 1_000_000 + start + n
        await table.put({ ...tokenKey(id), id, accountId: user.id, type: "Service", state: "ACTIVE", epoch: 0 })
        await table.put({ ...tokenNameKey(user.id, `t${id}`), tokenId: id })
      }),
    )
  await table.put({ ...(account as { PK: string; SK: string }), tokens: count })
  await updateUser(lambdaOn(table), anAdmin(), user.id, { active: false }, undefined)
  await deleteUser(lambdaOn(table), anAdmin(), user.id, undefined)

  let writes = 0
  let stops = 0
  const stopping: Table = {
    ...table.table,
    transact: async (steps) => {
      // Now before a write, now after it: the worker doesn't learn which.
      const stop = writes++ % 3 === 1
      if (stop && writes % 2 === 0) throw new Unavailable("stopped")
      await table.table.transact(steps)
      if (stop) throw new Unavailable("stopped")
    },
  }
  for (;;)
    try {
      await purge(stopping)
      break
    } catch (error) {
      if (!(error instanceof Error) || error.message !== "stopped") throw error
      stops++
    }
  expect(stops).toBeGreaterThan(0)
  expect(await remains()).toEqual([])
  const events = (await table.dump()).filter(({ PK }) => PK.startsWith("AUD#"))
  const handles = events
    .filter(({ action }) => action === "token.deleted")
    .flatMap(({ before }) => (before as { handles: string[] }).handles)
  expect([handles.length, new Set(handles).size]).toEqual([count, count])
  expect(events.filter(({ action }) => action === "account.deleted")).toHaveLength(1)
})
