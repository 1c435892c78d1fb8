import { beforeEach, expect, test } from "vitest"
import { Problem } from "../../shared/contract/problems.ts"
import type { LogLine } from "../../shared/runtime.ts"
import { system } from "../../shared/store/audit.ts"
import { deleteUser, purgeDeletedAccounts } from "../../shared/store/deletion.ts"
import type { Table } from "../../shared/store/dynamodb.ts"
import { checkIntegrity } from "../../shared/store/integrity.ts"
import { createToken, deleteToken, updateToken } from "../../shared/store/tokens.ts"
import { createFirstAdmin, createUser, updateUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { rounds, timeout } from "../rounds.ts"
import { createTestTable, type TestTable } from "../tables.ts"
import { anAccount, lambdaOn, tokenBody } from "./accounts.ts"

/** I1. Kills the mutant i1-single-look: what rows show that are read one after the other was seldom so at one time. */
let table: TestTable
beforeEach(async () => {
  table = await createTestTable()
})

const job = system("check-integrity", "i1")
const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

/** As far from its reader as a real table, so that there is time for a change between two reads. */
function faraway(): Table {
  const { get, batchGet, query } = table.table
  const later = async <T>(read: Promise<T>): Promise<T> => {
    const found = await read
    await sleep(10)
    return found
  }
  return {
    ...table.table,
    get: <T>(...given: Parameters<typeof get>) => later(get<T>(...given)),
    batchGet: <T>(...given: Parameters<typeof batchGet>) => later(batchGet<T>(...given)),
    query: <T>(...given: Parameters<typeof query>) => later(query<T>(...given)),
  }
}

/** A token's life on an account that stays. */
async function aTokensLife(userId: string, name: string) {
  const { id } = await createToken(lambdaOn(table), anAdmin(), "all", tokenBody(userId, name))
  await updateToken(lambdaOn(table), anAdmin(), "all", id, { active: false })
  await deleteToken(lambdaOn(table), anAdmin(), "all", id, undefined)
}

/** An account's whole life, to its purge. */
async function anAccountsLife(name: string) {
  const { user } = await anAccount(table, name, 5)
  await updateUser(lambdaOn(table), anAdmin(), user.id, { active: false }, undefined)
  await deleteUser(lambdaOn(table), anAdmin(), user.id, undefined)
  await purgeDeletedAccounts(lambdaOn(table), job)
}

/** A human who is an administrator now, and now isn't, and whose email moves. */
async function aHumansLife(id: number, name: string) {
  await updateUser(lambdaOn(table), anAdmin(), id, { email: `${name}@example.com`, role: "Admin" }, undefined)
  await updateUser(lambdaOn(table), anAdmin(), id, { role: "Member" }, undefined)
}

test("I1 checks beside creations, revocations, deletions and purges: nothing is found where nothing is wrong", {
  timeout: timeout(240_000),
}, async () => {
  await createFirstAdmin(lambdaOn(table), job, "first@example.com")
  const body = { user_type: "User" as const, name: "h", role: "Member" as const, teams: [], email: "h@example.com" }
  const { user: human } = await createUser(lambdaOn(table), anAdmin(), body)
  const busy = await anAccount(table, "busy", 20)
  const calm = await anAccount(table, "calm", 20)
  let ended = false
  let lives = 0
  const forever = async (live: (n: number) => Promise<void>) => {
    for (let n = 0; !ended; n++) {
      // Two purges of one account: one of them loses.
      await live(n).catch((error: unknown) => {
        if (!(error instanceof Problem)) throw error
      })
      lives += 1
    }
  }
  const living = Promise.all([
    forever((n) => aTokensLife(busy.user.user_id, `busy ${n}`)),
    forever((n) => aTokensLife(calm.user.user_id, `calm ${n}`).then(() => sleep(700))),
    forever((n) => anAccountsLife(`a${n}`)),
    forever((n) => anAccountsLife(`b${n}`)),
    forever((n) => aHumansLife(human.id, `h${n}`)),
  ])
  const lines: LogLine[] = []
  const checks = rounds(5)
  try {
    for (const _ of checks) {
      const before = lives
      const runtime = lambdaOn({ table: faraway() })
      const { findings } = await checkIntegrity(runtime)
      expect([findings, runtime.lines.filter(({ event }) => event === "integrity.finding")]).toEqual([0, []])
      lines.push(...runtime.lines)
      expect(lives).toBeGreaterThan(before)
    }
  } finally {
    ended = true
    await living
  }
  expect(lines.filter(({ event }) => event === "integrity.checked")).toHaveLength(checks.done)
  const after = lambdaOn(table)
  expect(await checkIntegrity(after)).toEqual({ tokens: 40, accounts: 4, findings: 0 })
  expect(after.lines.map(({ event }) => event)).toEqual(["integrity.checked"])
})
