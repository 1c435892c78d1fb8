import { beforeAll, expect, test } from "vitest"
import { claim, idempotencyOf, recall } from "../../../shared/store/idempotency.ts"
import { idempotencyKey } from "../../../shared/store/table.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../../fakes.ts"
import { createTestTable } from "../../tables.ts"
import { told } from "../../told.ts"

/** A key that a caller sends along: whose it is, for what, and for how long. */
const start = Date.parse("2026-11-23T12:00:00.001Z")
const day = 86_400_000
let runtime: FakeRuntime
beforeAll(async () => {
  runtime = fakeRuntime((await createTestTable()).table, frozenClock(start))
})
const request = (key: string, body: unknown = { a: 1 }, route = "POST /users 0", principal = 1) =>
  idempotencyOf(principal, key, route, body)
const claimed = (one: ReturnType<typeof request>, reply: unknown) =>
  runtime.table.transact([claim(runtime, one, { reply })])

test("the same caller with the same key, path and body is the same request, and with any other it isn't", () => {
  expect(request("k")).toEqual(request("k"))
  expect(request("k").keyHash).toMatch(/^[0-9a-f]{64}$/)
  expect(request("k").keyHash).not.toBe(request("l").keyHash)
  const hashes = [request("k"), request("k", { a: 2 }), request("k", { a: 1 }, "POST /users 1")]
  expect(new Set(hashes.map(({ requestHash }) => requestHash)).size).toBe(3)
})

test("what was made under a key is recalled for a day, and swept away by its TTL, in seconds, not before its end", async () => {
  const one = request("first")
  expect(await recall(runtime, one)).toBeUndefined()
  await claimed(one, { id: 7 })
  const row = await recall(runtime, one)
  expect(row).toEqual({
    ...idempotencyKey(1, one.keyHash),
    ...{ requestHash: one.requestHash, reply: { id: 7 } },
    ...{ expiresAt: start + day, ttl: Math.ceil((start + day) / 1000) },
  })
  expect((row?.ttl as number) * 1000).toBeGreaterThanOrEqual(start + day)
  runtime.clock.set(start + day - 1)
  expect(await recall(runtime, one)).toEqual(row)
  runtime.clock.set(start + day)
  expect(await recall(runtime, one)).toBeUndefined()
  await claimed(one, { id: 8 })
  expect((await recall(runtime, one))?.reply).toEqual({ id: 8 })
})

test("a key is claimed once, and is nobody else's", async () => {
  const one = request("second")
  await claimed(one, 1)
  expect(await told(claimed(one, 2))).toBe("Conflict: the key was claimed meanwhile")
  expect(await told(recall(runtime, request("second", { a: 2 })))).toBe("idempotency-key-reused")
  expect(await recall(runtime, request("second", { a: 1 }, "POST /users 0", 2))).toBeUndefined()
})
