import { beforeAll, beforeEach, expect, test } from "vitest"
import type { TokenRow } from "../../../shared/store/key-use.ts"
import { forgetOver, type Rewrapped, rewrapRows } from "../../../shared/store/rewrap.ts"
import { type TokenItem, tokenKey } from "../../../shared/store/table.ts"
import { digest } from "../../../shared/token/format.ts"
import { type Keyring, parseKeyring } from "../../../shared/token/keyring.ts"
import type { SecretDigest } from "../../../shared/token/verdict.ts"
import { aVerifiableToken } from "../../builders.ts"
import { fakeRuntime, frozenClock } from "../../fakes.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

/** A row by itself, past the commands: what keyring-rotation.test.ts can't hold still. */
const clock = frozenClock("2026-11-23T12:00:00Z")
const minute = 60_000
const keyring: Keyring = parseKeyring(JSON.stringify({ k1: "a".repeat(64), k2: "b".repeat(64) }))
let table: TestTable
let id = 100
beforeAll(async () => {
  table = await createTestTable()
})
beforeEach(() => {
  id += 1
})

const under = (keyPath: string, generation: number): SecretDigest => ({
  digest: new Uint8Array(32).fill(generation),
  keyPath,
  generation,
})
async function aRow(over: Partial<TokenItem> & Record<string, unknown>): Promise<TokenRow> {
  const row = { ...aVerifiableToken({ id, accountId: 1, current: under("k1", 1) }), ...tokenKey(id), ...over }
  await table.put(row)
  return row as unknown as TokenRow
}
const stored = () => table.table.get<TokenItem>(tokenKey(id)) as Promise<TokenItem>
const paths = async () => {
  const { current, pending, previous } = await stored()
  return [current, pending, previous].map((one) => one?.keyPath)
}
async function rewrapped(read: TokenRow, newest = "k2"): Promise<Rewrapped> {
  const done = { looked: 0, rows: 0 }
  const rows = async function* () {
    yield [read]
  }
  await rewrapRows(fakeRuntime(table.table, clock), keyring, newest, rows, done, () => {})
  return done
}
const forgotten = (read: TokenRow, key = "k1") => forgetOver(fakeRuntime(table.table, clock), key, read)

test("all of a row's older digests are re-wrapped in one write, and the newer one stays", async () => {
  const read = await aRow({ pending: under("k2", 3), previous: under("k1", 2), supersededAt: clock.now() + minute })
  expect(await rewrapped(read)).toEqual({ looked: 1, rows: 1 })
  expect(await paths()).toEqual(["k1.k2", "k2", "k1.k2"])
  const { current, previous } = await stored()
  const again = (generation: number) => digest(keyring.keys.get("k2") as never, new Uint8Array(32).fill(generation))
  expect([current, previous].map((one) => [Buffer.from(one?.digest as Uint8Array), one?.generation])).toEqual([
    [again(1), 1],
    [again(2), 2],
  ])
})

test("a path that comes to forty characters is re-wrapped, and one to forty-one is not", async () => {
  const [forty, longer] = ["k123", "k1234"].map((first) => `${first}.${"k1.".repeat(10)}k1`) as [string, string]
  expect(await rewrapped(await aRow({ current: under(forty, 1) }))).toEqual({ looked: 1, rows: 1 })
  expect(await paths()).toEqual([`${forty}.k2`, undefined, undefined])
  expect(`${forty}.k2`).toHaveLength(40)
  id += 1
  expect(await rewrapped(await aRow({ current: under(longer, 1) }))).toEqual({ looked: 1, rows: 0 })
})

test("a row that has changed since it was read is read again, and what it is now is re-wrapped", async () => {
  const read = await aRow({})
  await aRow({ current: under("k1", 7) })
  expect(await rewrapped(read)).toEqual({ looked: 1, rows: 1 })
  expect((await stored()).current).toMatchObject({ keyPath: "k1.k2", generation: 7 })
  // And whose digest is under the newest key by then is left alone.
  await aRow({ current: under("k2", 8) })
  expect(await rewrapped(read)).toEqual({ looked: 1, rows: 0 })
  expect(await paths()).toEqual(["k2", undefined, undefined])
})

test("a row that is gone stays gone", async () => {
  const read = { ...aVerifiableToken({ id, accountId: 1, current: under("k1", 1) }), ...tokenKey(id) } as TokenRow
  expect(await rewrapped(read)).toEqual({ looked: 1, rows: 0 })
  expect(await stored()).toBeUndefined()
})

test("under a key that the keyring hasn't nothing is re-wrapped", async () => {
  const read = await aRow({})
  await expect(rewrapped(read, "k3")).rejects.toThrow("unknown key k3")
  expect(await paths()).toEqual(["k1", undefined, undefined])
})

test("what is over and needs the key is forgotten, and nothing else of the row", async () => {
  const over = { supersededAt: clock.now() - 5 * minute, pendingExpiresAt: clock.now() - 5 * minute }
  const rest = { previousLastUsed: 1, previousNetwork: "203.0.113.0/24", pendingSince: 2, overlapSeconds: 3 }
  const read = await aRow({ previous: under("k1.k2", 1), pending: under("k2", 3), ...over, ...rest })
  expect(await forgotten(read)).toBe(true)
  const row = await stored()
  expect(row).toMatchObject({ pending: { keyPath: "k2" }, pendingExpiresAt: over.pendingExpiresAt, pendingSince: 2 })
  for (const gone of ["previous", "supersededAt", "previousLastUsed", "previousNetwork"])
    expect(row).not.toHaveProperty(gone)
  expect(await forgotten(row as TokenRow)).toBe(false)
  expect(await forgotten(row as TokenRow, "k2")).toBe(true)
  expect(await stored()).not.toHaveProperty("pending")
})

test("what isn't over stays, to the millisecond, and so does a row that has nothing of it", async () => {
  const read = await aRow({ previous: under("k1", 1), supersededAt: clock.now() - 5 * minute + 1 })
  const before = await stored()
  expect(await forgotten(read)).toBe(false)
  expect(await stored()).toEqual(before)
})

test("a session that is over goes as a whole", async () => {
  const read = await aRow({ type: "Session", expiresAt: clock.now() - 5 * minute } as Partial<TokenItem>)
  expect(await forgotten(read)).toBe(true)
  expect(await stored()).toBeUndefined()
})
