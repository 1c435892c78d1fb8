import { beforeAll, describe, expect, test } from "vitest"
import { audit, eventOf, operator, repeated, system, unknown } from "../../../shared/store/audit.ts"
import type { AuditItem } from "../../../shared/store/table.ts"
import { anAdmin } from "../../builders.ts"
import { fakeRuntime, frozenClock } from "../../fakes.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

/** An event as it stands in the trail: where, of what, by whom. */
let table: TestTable
beforeAll(async () => {
  table = await createTestTable()
})
const runtime = () => fakeRuntime(table.table, frozenClock())
const change = { action: "token.revoked", before: { active: true }, after: { active: false } } as const
const account = { id: 3812345678901234, userId: "u@service" }

test("an event says what, of what, by whom, from where and why", () => {
  const event = eventOf(runtime(), anAdmin(), { ...change, account, handle: "h", reason: "left" })
  expect(event).toEqual({
    ...{
      PK: "AUD#ACCHSYTyqcks",
      SK: event.id,
      listPK: expect.stringMatching(/^AUD#20261123#[0-7]$/),
      listSK: event.id,
    },
    ...{ id: expect.stringMatching(/^[0-9A-Za-z]{9}[0-9a-f]{8}$/), at: Date.parse("2026-11-23T12:00:00Z") },
    ...{
      action: "token.revoked",
      outcome: "success",
      before: { active: true },
      after: { active: false },
      reason: "left",
    },
    actor: { id: 1, userId: "admin@example.com", handle: "symusr_000000001000000002" },
    subject: { ...account, handle: "h" },
    ...{ ip: "203.0.113.7", userAgent: "test", requestId: "request" },
  })
})

test("what there isn't is left out: a reason, handles", () => {
  const event = eventOf(runtime(), system("purge", "r"), { ...change, account, outcome: "failure" })
  expect([event.actor, event.subject, event.outcome]).toEqual([{ id: 0, userId: "system:purge" }, account, "failure"])
  expect(event).not.toHaveProperty("reason")
})

test("who acts without an account is named by what it is", () => {
  const origin = { clientAddress: "203.0.113.7", userAgent: "curl", requestId: "r" }
  const nowhere = { clientAddress: "", userAgent: "", requestId: "r" }
  expect(unknown(origin)).toEqual({ ...origin, accountId: 0, userId: "unknown" })
  expect(system("job", "r")).toEqual({ ...nowhere, accountId: 0, userId: "system:job" })
  expect(operator("arn:aws:iam::1:user/ops", "r")).toEqual({
    ...nowhere,
    accountId: 0,
    userId: "arn:aws:iam::1:user/ops",
  })
})

test.each([
  [{ team: { key: "red" } }, "AUD#TEAMred", { id: 0, userId: "team:red" }],
  [
    { datastore: { id: 3812345678901234, name: "d" } },
    "AUD#DSHSYTyqcks",
    { id: 3812345678901234, userId: "datastore:d" },
  ],
  [{ settings: true }, "AUD#SET", { id: 0, userId: "settings" }],
  [{ refusals: true }, "AUD#AUTH", { id: 0, userId: "refusals" }],
  [{ review: true }, "AUD#REVIEW", { id: 0, userId: "access-review" }],
  [{ keyring: true }, "AUD#KEYRING", { id: 0, userId: "keyring" }],
  [{ signIn: true }, "AUD#SIGNIN", { id: 0, userId: "sign-in" }],
] as const)("what happens to %j stands in a trail of its own", (subject, PK, said) => {
  const event = eventOf(runtime(), anAdmin(), { ...change, ...subject })
  expect([event.PK, event.subject]).toEqual([PK, said])
})

describe("the trail", () => {
  test("takes an event once", async () => {
    const step = audit(runtime(), anAdmin(), { ...change, account })
    await table.table.transact([step])
    await expect(table.table.transact([step])).rejects.toThrow("an audit event of this id exists")
  })

  test("has events of one millisecond apart", () => {
    const on = runtime()
    const ids = new Set(Array.from({ length: 100 }, () => eventOf(on, anAdmin(), { ...change, account }).id))
    expect(ids.size).toBe(100)
  })

  test("has what was done again as of now, under another name, and says when", () => {
    const on = runtime()
    const event: AuditItem = eventOf(on, anAdmin(), { ...change, account })
    on.clock.advance(86_400_000)
    const again = repeated(on, event)
    expect(again).toEqual({
      ...event,
      ...{ id: again.id, SK: again.id, listSK: again.id, at: on.now(), replayedAt: on.now() },
      listPK: expect.stringMatching(/^AUD#20261124#[0-7]$/),
    })
    expect(again.id > event.id).toBe(true)
  })
})
