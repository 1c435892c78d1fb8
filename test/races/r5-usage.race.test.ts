import { beforeAll, expect, test } from "vitest"
import { type AuditItem, type Key, tokenKey } from "../../shared/store/table.ts"
import { createToken, deleteToken, updateToken } from "../../shared/store/tokens.ts"
import { recordUsage, type Usage } from "../../shared/store/usage.ts"
import { createUser } from "../../shared/store/users.ts"
import { handleOf } from "../../shared/token/format.ts"
import { anAdmin } from "../builders.ts"
import { fakeRuntime, frozenClock } from "../fakes.ts"
import { rounds } from "../rounds.ts"
import { createTestTable, type TestTable } from "../tables.ts"

/** R5. Kills the mutants r5-upsert, r5-backward and r5-networks-overwritten. */
let table: TestTable

beforeAll(async () => {
  table = await createTestTable()
})

const readThenWait = async <T>(keys: readonly Key[], until: Promise<void>): Promise<T[]> => {
  const rows = await table.table.batchGet<T>(keys)
  await until
  return rows
}

/** Those that the trail has told of, of one token, each as often as it did. */
const newNetworks = async (handle: string) =>
  (await table.dump())
    .map((row) => row as unknown as AuditItem)
    .filter(({ action, subject }) => action === "token.new-network" && subject.handle === handle)
    .flatMap(({ after }) => after.networks)
    .sort()

test("R5 records of use twice, in any order, during a revocation and after deletion: the latest counts, each network is news once, no ghost", async () => {
  const runtime = fakeRuntime(table.table, frozenClock())
  const { user } = await createUser(runtime, anAdmin(), { user_type: "Service", name: "r5", role: "Member", teams: [] })
  for (const round of rounds(30)) {
    // Or one round in some would draw the id that another one's token had, and its trail with it.
    runtime.clock.advance(1)
    const token = await createToken(runtime, anAdmin(), "all", {
      name: `t${round}`,
      type: "Service",
      user_id: user.user_id,
      expiration: "30d",
      allowed_cidrs: [],
    })
    const useAfter = (seconds: number): Usage => ({
      tokenId: token.id,
      accountId: user.id,
      usedAt: runtime.now() + seconds * 1000,
      secrets: {},
      // Each from a network of its own: a late one is as new as any.
      networks: { [`203.0.${seconds}.0/24`]: runtime.now() + seconds * 1000 },
    })
    const use = (seconds: number) => recordUsage(runtime, anAdmin(), [useAfter(seconds)])
    const order = [5, 3, 9, 9, 1, 7]
    // The first use, whose network is news to nobody.
    await use(0)
    await Promise.all([
      updateToken(runtime, anAdmin(), "all", token.id, { active: false }),
      ...order.map(use),
      ...order.toReversed().map(use),
    ])
    // However the race ended: a record that comes last, and is older.
    await use(2)
    expect(await table.table.get(tokenKey(token.id))).toMatchObject({
      lastUsed: runtime.now() + 9000,
      state: "REVOKED",
      version: 2,
    })
    expect(await newNetworks(handleOf("Service", user.id, token.id))).toEqual(
      [1, 2, 3, 5, 7, 9].map((n) => `203.0.${n}.0/24`),
    )
    // One of them has read the row when it is deleted, and writes after: an upsert would bring it back.
    const deleted = Promise.withResolvers<void>()
    const late = { ...table.table, batchGet: <T>(keys: readonly Key[]) => readThenWait<T>(keys, deleted.promise) }
    const lateUse = recordUsage({ ...runtime, table: late }, anAdmin(), [useAfter(60)])
    await Promise.all([
      deleteToken(runtime, anAdmin(), "all", token.id, undefined).then(deleted.resolve),
      lateUse,
      ...order.map((n) => use(n + 60)),
    ])
    await use(120)
    expect(await table.table.get(tokenKey(token.id))).toBeUndefined()
  }
  const rows = await table.dump()
  expect(rows.filter(({ PK }) => PK.startsWith("TOK#"))).toEqual([])
  expect(rows.filter(({ PK, SK }) => PK.startsWith("ACC#") && SK === "A")).toHaveLength(1)
})
