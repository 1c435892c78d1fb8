import { beforeAll, describe, expect, test } from "vitest"
import { emailKeyOf } from "../../../shared/store/accounts.ts"
import { always, remove } from "../../../shared/store/steps.ts"
import type { IdentityItem } from "../../../shared/store/table.ts"
import { createUser, updateUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { fakeRuntime } from "../../fakes.ts"
import { interrupted } from "../../fleet.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

/** The guard that keeps an email unique among humans, also where a replay has left it with somebody else. */
let table: TestTable
beforeAll(async () => {
  table = await createTestTable()
})

const on = (of = table.table) => fakeRuntime(of)
const human = async (name: string) =>
  (
    await createUser(on(), anAdmin(), {
      ...{ user_type: "User" as const, name, role: "Member" as const, teams: [], email: `${name}@example.com` },
    })
  ).user
const holderOf = async (name: string) =>
  (await table.table.get<IdentityItem>(emailKeyOf(`${name}@example.com`)))?.accountId
/** As a hand at the table does it. */
const gone = (name: string) =>
  table.table.transact([remove(emailKeyOf(`${name}@example.com`), always, () => new Error("unconditional"))])
const move = (id: number, name: string, of = table.table) =>
  updateUser(on(of), anAdmin(), id, { email: `${name}@example.com` }, undefined)

describe("the guard of a human's email", () => {
  test("moves with it", async () => {
    const { id } = await human("ada")
    await move(id, "ada.l")
    expect([await holderOf("ada"), await holderOf("ada.l")]).toEqual([undefined, id])
  })

  test("that is somebody else's stays theirs, and keeps nobody from another email", async () => {
    const { id } = await human("bea")
    await table.put({ ...emailKeyOf("bea@example.com"), accountId: 1 })
    await move(id, "bea.l")
    expect([await holderOf("bea"), await holderOf("bea.l")]).toEqual([1, id])
  })

  test("that is missing keeps nobody from another email, nor does one that goes meanwhile", async () => {
    const { id } = await human("cleo")
    await move(
      id,
      "cleo.l",
      interrupted(table.table, () => gone("cleo")),
    )
    await gone("cleo.l")
    await move(id, "cleo.m")
    expect([await holderOf("cleo.l"), await holderOf("cleo.m")]).toEqual([undefined, id])
  })

  test("of somebody else's email is not given: the email is taken, and nothing has changed", async () => {
    const [dora, emma] = [await human("dora"), await human("emma")]
    await expect(move(dora.id, "emma")).rejects.toMatchObject({ code: "email-taken" })
    expect([await holderOf("dora"), await holderOf("emma")]).toEqual([dora.id, emma.id])
  })
})
