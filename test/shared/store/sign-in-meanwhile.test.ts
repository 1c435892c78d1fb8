import { beforeEach, describe, expect, test } from "vitest"
import { Unavailable } from "../../../shared/runtime.ts"
import { subjectKeyOf } from "../../../shared/store/accounts.ts"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { signIn, signOut } from "../../../shared/store/sign-in.ts"
import {
  type AccountItem,
  type AuditItem,
  accountKey,
  type SessionItem,
  tokenKey,
} from "../../../shared/store/table.ts"
import { createTeam } from "../../../shared/store/team-list.ts"
import { createUser, revokeTokens, updateUser } from "../../../shared/store/users.ts"
import { tokenIdIn } from "../../../shared/token/format.ts"
import { anAdmin } from "../../builders.ts"
import { fakeRuntime } from "../../fakes.ts"
import { interrupted } from "../../fleet.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

/** What only a moment between the read and the write of a sign-in shows. */
let table: TestTable
beforeEach(async () => {
  table = await createTestTable()
})

const origin = { clientAddress: "203.0.113.7", userAgent: "test", requestId: "request" }
const runtimeOn = (on: Table = table.table) => fakeRuntime(on)
let proofs = 0
const enter = (on?: Table, subject = "ana") =>
  signIn(runtimeOn(on), origin, {
    identity: { issuer: "https://issuer.example.com", subject, email: "ana@example.com", tokenHash: `t${proofs++}` },
  })
const human = async () =>
  (
    await createUser(runtimeOn(), anAdmin(), {
      ...{ user_type: "User" as const, name: "Ana", email: "ana@example.com", role: "Editor" as const, teams: [] },
    })
  ).user
const change = (id: number, changes: Parameters<typeof updateUser>[3]) =>
  updateUser(runtimeOn(), anAdmin(), id, changes, undefined)
const rowOf = (id: number) => table.table.get<AccountItem>(accountKey(id)) as Promise<AccountItem>
const sessionOf = (bearerToken: string) =>
  table.table.get<SessionItem>(tokenKey(tokenIdIn(bearerToken.slice(0, 25)))) as Promise<SessionItem>
const trailOf = async (action: string) =>
  ((await table.dump()) as unknown as AuditItem[]).filter((row) => row.PK.startsWith("AUD#") && row.action === action)
const sessions = async () => (await table.dump()).filter(({ type }) => type === "Session").length

describe("who signs in, while", () => {
  test("a human is deactivated, bound or not: refused, and no session", async () => {
    const { id } = await human()
    const deactivate = () => change(id, { active: false })
    await expect(enter(interrupted(table.table, deactivate))).rejects.toMatchObject({ code: "sign-in-refused" })
    expect((await rowOf(id)).binding).toBeUndefined()
    await change(id, { active: true })
    await enter()
    await expect(enter(interrupted(table.table, deactivate))).rejects.toMatchObject({ code: "sign-in-refused" })
    expect(await sessions()).toBe(1)
    expect((await trailOf("account.sign-in-refused")).map(({ after }) => after.reason)).toEqual([
      "account-inactive",
      "account-inactive",
    ])
  })

  test("all tokens of a human are revoked, bound or not: the session is of the new epoch", async () => {
    const { id } = await human()
    const revoke = () => revokeTokens(runtimeOn(), anAdmin(), id, { compromised: false })
    for (const epoch of [1, 2]) {
      const { bearer_token } = await enter(interrupted(table.table, revoke))
      expect([(await rowOf(id)).epoch, (await sessionOf(bearer_token)).epoch]).toEqual([epoch, epoch])
    }
  })

  test("a human is unbound: they are bound anew, and the trail has that", async () => {
    const { id } = await human()
    await enter()
    await enter(interrupted(table.table, () => change(id, { unbind: true })))
    const bound = (await trailOf("account.signed-in")).map(({ after }) => after.binding)
    const binding = { issuer: "https://issuer.example.com", subject: "ana" }
    expect(bound).toEqual([binding, binding])
    // Made, bound, unbound, bound.
    expect(await rowOf(id)).toMatchObject({ binding, version: 4 })
  })

  test("a human's email becomes another's: neither is bound, and nobody is let in", async () => {
    const { id } = await human()
    const hands = async () => {
      await change(id, { email: "ana.l@example.com" })
    }
    await expect(enter(interrupted(table.table, hands))).rejects.toMatchObject({ code: "sign-in-refused" })
    expect((await rowOf(id)).binding).toBeUndefined()
    expect((await trailOf("account.sign-in-refused")).map(({ after }) => after)).toEqual([
      { reason: "unknown-human", email: "ana@example.com" },
    ])
  })
})

test("a human whose email has changed since its guard was read is bound to nobody", async () => {
  const { id } = await human()
  let changed = false
  const get: Table["get"] = async (key) => {
    const row = await table.table.get(key)
    if (key.PK.startsWith("MAIL#") && !changed) {
      changed = true
      await change(id, { email: "ana.l@example.com" })
    }
    return row as never
  }
  await expect(enter({ ...table.table, get })).rejects.toMatchObject({ code: "sign-in-refused" })
  expect((await rowOf(id)).binding).toBeUndefined()
})

test("a human whose binding was lost, and not its guard, is bound again", async () => {
  const { id } = await human()
  await enter()
  const { binding: _, ...row } = await rowOf(id)
  await table.put({ ...row, email: "ana@example.com" })
  await enter()
  expect((await rowOf(id)).binding).toMatchObject({ subject: "ana" })
  const guard = subjectKeyOf({ issuer: "https://issuer.example.com", subject: "ana" })
  expect(await table.table.get(guard)).toMatchObject({ accountId: id })
})

test("a table that is out of reach refuses nobody, and leaves nothing in the trail", async () => {
  await human()
  const away = { ...table.table, get: () => Promise.reject(new Unavailable("away")) }
  await expect(enter(away)).rejects.toThrow(Unavailable)
  expect(await trailOf("account.sign-in-refused")).toEqual([])
})

test("the answer has the teams by their names", async () => {
  const { id } = await human()
  await createTeam(runtimeOn(), anAdmin(), { name: "Data Platform" })
  await change(id, { teams: ["Data Platform"] })
  expect((await enter()).user).toMatchObject({ id, teams: ["Public", "Data Platform"] })
})

test("a session that is signed out of meanwhile is signed out of, once", async () => {
  const { id } = await human()
  const { bearer_token } = await enter()
  const handle = bearer_token.slice(0, 25)
  const caller = anAdmin({ accountId: id, tokenId: tokenIdIn(handle), handle })
  const out = (on?: Table) => signOut(runtimeOn(on), caller, "done")
  await out(interrupted(table.table, () => out()))
  expect(await sessionOf(bearer_token)).toMatchObject({ state: "REVOKED", version: 2, name: "session" })
  expect((await trailOf("token.revoked")).map(({ reason }) => reason)).toEqual(["done"])
})
