import { randomBytes } from "node:crypto"
import { DeleteCommand } from "@aws-sdk/lib-dynamodb"
import { beforeEach, expect, test } from "vitest"
import { Problem } from "../../shared/contract/problems.ts"
import { subjectKeyOf } from "../../shared/store/accounts.ts"
import { type ProvenIdentity, signIn, signOut } from "../../shared/store/sign-in.ts"
import { type AccountItem, type AuditItem, accountKey, type IdentityItem, tokenKey } from "../../shared/store/table.ts"
import { createUser, revokeTokens, updateUser } from "../../shared/store/users.ts"
import { tokenIdIn } from "../../shared/token/format.ts"
import { anAdmin } from "../builders.ts"
import { interrupted } from "../fleet.ts"
import { rounds } from "../rounds.ts"
import { createTestTable, type TestTable } from "../tables.ts"
import { lambdaOn } from "./accounts.ts"
import { verifier } from "./verifier.ts"

/** R7. Kills the mutants r7-used-twice, r7-bound-twice, r7-email-unchecked, r7-standing-unchecked and r7-signed-out-twice. */
let table: TestTable
beforeEach(async () => {
  table = await createTestTable()
})

const origin = { clientAddress: "203.0.113.7", userAgent: "test", requestId: "r7" }
const identity = (over: Partial<ProvenIdentity> = {}): ProvenIdentity => ({
  issuer: "https://issuer.example.com",
  subject: "ana",
  email: "ana@example.com",
  tokenHash: randomBytes(32).toString("hex"),
  ...over,
})
const enter = (over: Partial<ProvenIdentity> = {}, on: Pick<TestTable, "table"> = table) =>
  signIn(lambdaOn(on), origin, { identity: identity(over) })
const human = async (email = "ana@example.com") =>
  (await createUser(lambdaOn(table), anAdmin(), { user_type: "User", name: "Ana", email, role: "Admin", teams: [] }))
    .user
const change = (id: number, changes: Parameters<typeof updateUser>[3]) =>
  updateUser(lambdaOn(table), anAdmin(), id, changes, undefined)

const rows = async (prefix: string) => (await table.dump()).filter(({ PK }) => PK.startsWith(prefix))
const reasons = async () =>
  ((await rows("AUD#")) as unknown as AuditItem[]).flatMap(({ after }) => (after.reason ? [after.reason] : []))
/** Those that got in; the others were refused, and nothing else. */
async function inside<T>(attempts: Promise<T>[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(attempts)
  for (const outcome of outcomes)
    if (outcome.status === "rejected" && !(outcome.reason instanceof Problem)) throw outcome.reason
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []))
}

test("R7 of four who sign in with one human's email for the first time, at once, one is bound, and no other gets in", async () => {
  const races = rounds(60)
  for (const round of races) {
    const email = `r7-${round}@example.com`
    const { id } = await human(email)
    const attempts = Array.from({ length: 4 }, (_, n) => enter({ email, subject: `${round} ${n}` }))
    expect(await inside(attempts)).toHaveLength(1)
    const { binding } = (await table.table.get<AccountItem>(accountKey(id))) as AccountItem
    const guard = await table.table.get<IdentityItem>(subjectKeyOf(binding as never))
    expect(guard?.accountId).toBe(id)
  }
  expect(await rows("SUB#")).toHaveLength(races.done)
  expect(await reasons()).toEqual(Array(3 * races.done).fill("bound-to-another"))
})

test("R7 a human who signs in for the first time twice at once, in two windows, is bound once, and is in both", async () => {
  for (const round of rounds(60)) {
    const email = `r7-${round}@example.com`
    const { id } = await human(email)
    const sessions = await Promise.all([0, 1].map(() => enter({ email, subject: String(round) })))
    for (const { bearer_token } of sessions) expect(await verifier(table, bearer_token)()).toBe("accepted")
    const events = (await rows("AUD#")) as unknown as AuditItem[]
    const own = events.filter(({ action, subject }) => action === "account.signed-in" && subject.id === id)
    expect(own.map(({ after }) => after.binding !== undefined).sort()).toEqual([false, true])
  }
})

test("R7 one ID token six times at once is one session", async () => {
  await human()
  await enter()
  const races = rounds(60)
  for (const _ of races) {
    const { tokenHash } = identity()
    expect(await inside(Array.from({ length: 6 }, () => enter({ tokenHash })))).toHaveLength(1)
  }
  expect(await rows("TOK#")).toHaveLength(1 + races.done)
  expect(await reasons()).toEqual(Array(5 * races.done).fill("used-before"))
})

/** Between what a sign-in reads and what it writes. */
const meanwhile = (act: () => Promise<unknown>) => enter({}, { table: interrupted(table.table, act) })

test.each([true, false])("R7 who is deactivated as they sign in gets no session, bound before: %s", async (isBound) => {
  const { id } = await human()
  await human("another-admin@example.com")
  if (isBound) await enter()
  const before = (await rows("TOK#")).length
  await expect(meanwhile(() => change(id, { active: false }))).rejects.toMatchObject({ code: "sign-in-refused" })
  expect(await reasons()).toEqual(["account-inactive"])
  expect(await rows("TOK#")).toHaveLength(before)
  expect(await rows("SUB#")).toHaveLength(isBound ? 1 : 0)
})

test.each([true, false])(
  "R7 a session is not one of those that are revoked as it begins, bound before: %s",
  async (isBound) => {
    const { id } = await human()
    if (isBound) await enter()
    const { bearer_token } = await meanwhile(() => revokeTokens(lambdaOn(table), anAdmin(), id, { compromised: false }))
    expect(await verifier(table, bearer_token)()).toBe("accepted")
  },
)

test("R7 an email that is somebody else's by the time of the binding binds nobody", async () => {
  const { id } = await human()
  await expect(meanwhile(() => change(id, { email: "ana.maria@example.com" }))).rejects.toThrow(Problem)
  expect(await reasons()).toEqual(["unknown-human"])
  expect(await rows("SUB#")).toEqual([])
})

test.each([
  ["the look at its guard", 2],
  ["the look at the account", 3],
])("R7 an email that is somebody else's after %s binds nobody to the account that had it", async (_, after) => {
  const { id } = await human()
  let looks = 0
  const on = {
    ...table.table,
    get: async <T>(key: Parameters<typeof table.table.get>[0]): Promise<T | undefined> => {
      const row = await table.table.get<T>(key)
      looks += 1
      if (looks === after) await change(id, { email: "new.owner@example.com", unbind: true })
      return row
    },
  }
  await expect(enter({ subject: "eve" }, { table: on })).rejects.toMatchObject({ code: "sign-in-refused" })
  expect(await reasons()).toEqual(["unknown-human"])
  expect((await enter({ email: "new.owner@example.com" })).user.id).toBe(id)
})

test("R7 a session that is signed out of twice at once is ended once, and one that is forgotten meanwhile stays so", async () => {
  const { id } = await human()
  for (const _ of rounds(30)) {
    const handle = (await enter()).bearer_token.slice(0, 25)
    const caller = anAdmin({ accountId: id, tokenId: tokenIdIn(handle), handle })
    await Promise.all([0, 1, 2].map(() => signOut(lambdaOn(table), caller, undefined)))
    const events = (await rows("AUD#")) as unknown as AuditItem[]
    expect(
      events.filter(({ action, subject }) => action === "token.revoked" && subject.handle === handle),
    ).toHaveLength(1)
  }
  const { bearer_token } = await enter()
  const handle = bearer_token.slice(0, 25)
  const key = tokenKey(tokenIdIn(handle))
  const forgotten = interrupted(table.table, () =>
    table.client.send(new DeleteCommand({ TableName: table.name, Key: { PK: key.PK, SK: key.SK } })),
  )
  const caller = anAdmin({ accountId: id, tokenId: tokenIdIn(handle), handle })
  await expect(signOut(lambdaOn({ table: forgotten }), caller, undefined)).rejects.toMatchObject({ code: "not-found" })
  expect(await table.table.get(key)).toBeUndefined()
})

test("R7 who is unbound as they sign in gets no session of the binding that was", async () => {
  const { id } = await human()
  await enter()
  const { user } = await meanwhile(() => change(id, { unbind: true }))
  // Bound anew, in an order that there could have been.
  expect(user).toMatchObject({ id, bound: true })
  const events = (await rows("AUD#")) as unknown as AuditItem[]
  expect(events.filter(({ after }) => after.binding !== undefined)).toHaveLength(2)
})

test("R7 who is unbound between the look at the guard and the one at the account is bound anew", async () => {
  const { id } = await human()
  await enter()
  let looks = 0
  const on = {
    ...table.table,
    get: async <T>(key: Parameters<typeof table.table.get>[0]): Promise<T | undefined> => {
      const row = await table.table.get<T>(key)
      looks += 1
      if (looks === 1) await change(id, { unbind: true })
      return row
    },
  }
  expect((await enter({}, { table: on })).user).toMatchObject({ id, bound: true })
  expect(await rows("SUB#")).toHaveLength(1)
})
