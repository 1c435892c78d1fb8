import { describe, expect, test } from "vitest"
import { Unavailable } from "../../../shared/runtime.ts"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { checkIntegrity } from "../../../shared/store/integrity.ts"
import {
  accountKey,
  accountListing,
  administratorsKey,
  type Key,
  type TokenItem,
  tokenKey,
  tokenNameKey,
  userIdKey,
} from "../../../shared/store/table.ts"
import { createUser, updateUser } from "../../../shared/store/users.ts"
import { anAccount, anAdmin } from "../../builders.ts"
import { aStage, clean, findingsOf, linesOf, now, stoppingAt } from "./integrity-stage.ts"

const second = 1000
const day = 86_400_000

/** The positions that a small table takes: a page for each of 16 and 3 partitions, and the end. */
const pages = 19

describe("a check that is stopped", () => {
  test.each([1, 10, 18, pages + 1])("at its write %i is resumed, and counts what it found before", async (write) => {
    const { check, table, change, lose, ids, runtimeOn, position } = await aStage()
    await lose(tokenKey(ids[0]))
    await change(administratorsKey, { count: 2 })
    const stopping = runtimeOn(stoppingAt(table.table, write))
    await expect(checkIntegrity(stopping)).rejects.toThrow("stopped")
    expect((await position())?.version ?? 0).toBe(write - 1)
    const run = await check()
    expect(run.answer).toEqual({ tokens: 1, accounts: 2, findings: 2 })
    expect(linesOf(run, "integrity.checked")).toMatchObject([
      { findings: { ...clean, "guard-without-token": 1, "administrator-count": 1 }, IntegrityFindings: 2 },
    ])
    // Between the two runs, each is told at least once.
    const told = [...findingsOf(stopping), ...findingsOf(run)].map(({ kind }) => kind)
    expect([...new Set(told)].sort()).toEqual(["administrator-count", "guard-without-token"])
    expect((await position())?.version).toBe(pages + 1)
  })

  test("reads no page again that it has been through", async () => {
    const { check, table, runtimeOn } = await aStage()
    await expect(checkIntegrity(runtimeOn(stoppingAt(table.table, 18)))).rejects.toThrow("stopped")
    const read: string[] = []
    const watched: Table = {
      ...table.table,
      queryIndex: (query) => {
        read.push(query.partition)
        return table.table.queryIndex(query)
      },
    }
    await check(watched)
    // The last reads administrators.
    expect(read).toEqual(["ACC#USER", "PURGE", "ACC#USER"])
  })

  test("goes on for ten days, and is begun anew from then on", async () => {
    for (const age of [10 * day - second, 10 * day]) {
      const { check, table, lose, ids, user, clock, runtimeOn, position } = await aStage()
      // A finding of its beginning, which is mended before the rest.
      await lose(tokenNameKey(user.id, "first"))
      await expect(checkIntegrity(runtimeOn(stoppingAt(table.table, 17)))).rejects.toThrow("stopped")
      expect((await position())?.findings["token-without-guard"]).toBe(1)
      await table.put({ ...tokenNameKey(user.id, "first"), tokenId: ids[0] })
      clock.advance(age)
      const run = await check()
      const resumed = age < 10 * day
      expect(run.answer).toEqual({ tokens: 2, accounts: 2, findings: resumed ? 1 : 0 })
      expect(linesOf(run, "integrity.checked")).toMatchObject([{ startedAt: resumed ? now : now + age }])
    }
  })

  test("is over at its end: the next one counts from nothing", async () => {
    const { check, lose, table, user, ids, clock } = await aStage()
    await lose(tokenNameKey(user.id, "first"))
    expect((await check()).answer.findings).toBe(2)
    await table.put({ ...tokenNameKey(user.id, "first"), tokenId: ids[0] })
    clock.advance(second)
    const run = await check()
    expect(run.answer).toEqual({ tokens: 2, accounts: 2, findings: 0 })
    expect(linesOf(run, "integrity.checked")).toMatchObject([{ startedAt: now + second }])
  })
})

test("two checks at once are one: the first that loses a write leaves it to the other", async () => {
  const { check, lose, ids, position } = await aStage()
  await lose(tokenKey(ids[0]))
  const runs = await Promise.all([check(), check(), check()])
  expect(runs.flatMap((run) => linesOf(run, "integrity.checked"))).toMatchObject([{ tokens: 1, IntegrityFindings: 1 }])
  expect(runs.flatMap((run) => linesOf(run, "integrity.overtaken"))).toHaveLength(2)
  expect((await position())?.version).toBe(pages + 1)
})

describe("what changes while it reads", () => {
  /** Does something around each reading of an account's guards. */
  const around = (table: Table, before: () => Promise<unknown>, after: () => Promise<unknown>): Table => ({
    ...table,
    query: async <T>(partition: string, prefix: string) => {
      await before()
      const found = await table.query<T>(partition, prefix)
      await after()
      return found
    },
  })
  const nothing = async () => {}

  test("is no finding: a token that is made between the account and its guards", async () => {
    const { check, table, create } = await aStage()
    let made = 0
    const making = around(table.table, async () => made++ === 0 && create("late"), nothing)
    const run = await check(making)
    expect(made).toBeGreaterThan(1)
    expect([run.answer.findings, findingsOf(run)]).toEqual([0, []])
  })

  test("is no finding: one that is made and deleted again and again, so that the account looks as it did", async () => {
    const { check, table, create, remove } = await aStage()
    const ids: number[] = []
    const run = await check(
      around(
        table.table,
        async () => ids.push((await create(`n${ids.length}`)).id),
        () => remove(ids.at(-1) as number),
      ),
    )
    expect([run.answer.findings, findingsOf(run)]).toEqual([0, []])
    // After three looks it says that it doesn't know.
    const unsettled = linesOf(run, "integrity.unsettled").map(({ kind }) => kind)
    expect(unsettled).toEqual(["guard-without-token", "token-count"])
    expect((await check()).answer.findings).toBe(0)
  })

  test("hides no finding, once the account stands still", async () => {
    const { check, table, change, create, user } = await aStage()
    await change(accountKey(user.id), { tokens: 7 })
    let made = 0
    // In the first look, and in the second.
    const run = await check(around(table.table, async () => made++ < 3 && create(`n${made}`), nothing))
    expect(findingsOf(run)).toMatchObject([{ kind: "token-count", counted: 10, found: 5 }])
  })

  test("is no finding: a human who becomes an administrator meanwhile, and one who changes the email", async () => {
    const { table, runtimeOn, admin } = await aStage()
    const body = { user_type: "User" as const, name: "h", role: "Member" as const, teams: [], email: "h@example.com" }
    const { user } = await createUser(runtimeOn(), anAdmin(), body)
    const promote = () => updateUser(runtimeOn(), anAdmin(), user.id, { role: "Admin" }, undefined)
    const move = () => updateUser(runtimeOn(), anAdmin(), admin.id, { email: "new@example.com" }, undefined)
    let [promoted, moved] = [false, false]
    const meanwhile: Table = {
      ...table.table,
      get: async <T>(key: Key) => {
        const found = await table.table.get<T>(key)
        if (key.PK === administratorsKey.PK && !promoted) {
          promoted = true
          await promote()
        }
        return found
      },
      query: async <T>(partition: string, prefix: string) => {
        if (partition === accountKey(admin.id).PK && !moved) {
          moved = true
          await move()
        }
        return table.table.query<T>(partition, prefix)
      },
    }
    const runtime = runtimeOn(meanwhile)
    expect((await checkIntegrity(runtime)).findings).toBe(0)
    expect([promoted, moved, findingsOf(runtime)]).toEqual([true, true, []])
  })
})

describe("the count of administrators", () => {
  test("is held against all humans, also when they are more than a page", async () => {
    const { check, table, admin } = await aStage()
    // Newer ones come first: the administrator stands on the second page.
    for (let n = 1; n <= 100; n++) {
      const id = admin.id + n * 4096
      await table.put({ ...anAccount({ id, userType: "User", userId: `h${n}@example.com`, role: "Member" }) })
    }
    const kinds = findingsOf(await check()).map(({ kind }) => kind)
    expect(new Set(kinds)).toEqual(new Set(["account-without-user-id-guard", "account-without-email-guard"]))
  })

  test("is left for next week while humans change all the time", async () => {
    const { check, table, change, admin } = await aStage()
    await change(administratorsKey, { count: 2 })
    let version = admin.version
    const changing: Table = {
      ...table.table,
      get: async (key) => {
        const row = await table.table.get(key)
        if (key.SK === administratorsKey.SK) await change(accountKey(admin.id), { version: ++version })
        return row as never
      },
    }
    const run = await check(changing)
    expect([findingsOf(run), run.answer.findings]).toEqual([[], 0])
    expect(linesOf(run, "integrity.unsettled")).toEqual([
      { event: "integrity.unsettled", kind: "administrator-count", ...administratorsKey },
    ])
    expect(version).toBe(admin.version + 3)
  })
})

test("unprocessed rows are not taken for absent ones: the run fails, and the next one begins where it was", async () => {
  const { check, table, runtimeOn } = await aStage()
  let reads = 0
  const failing: Table = {
    ...table.table,
    batchGet: async <T>(keys: readonly Key[]) => {
      reads += 1
      if (reads === 20) throw new Unavailable("unprocessed keys")
      return table.table.batchGet<T>(keys)
    },
  }
  const runtime = runtimeOn(failing)
  await expect(checkIntegrity(runtime)).rejects.toThrow("unprocessed keys")
  expect(runtime.lines).toEqual([])
  expect((await check()).answer).toEqual({ tokens: 2, accounts: 2, findings: 0 })
})

test("tokens and accounts of the index that are gone are nothing", async () => {
  const { check, lose, table, ids, user } = await aStage()
  const [token] = await table.table.batchGet<TokenItem>([tokenKey(ids[0])])
  const stale: Table = {
    ...table.table,
    queryIndex: async (query) => {
      const keys = await table.table.queryIndex(query)
      const gone = { ...accountKey(5), at: accountListing(5, "Service").listSK }
      if (query.partition === token?.expiryPK) return [...keys, { ...tokenKey(6), at: "0" }]
      return query.partition === "ACC#SERVICE" ? [...keys, gone] : keys
    },
  }
  expect((await check(stale)).answer).toEqual({ tokens: 2, accounts: 2, findings: 0 })
  await lose(userIdKey(user.user_id))
  expect((await check(stale)).answer.findings).toBe(1)
})
