import { beforeAll, describe, expect, test } from "vitest"
import type { Problem } from "../../../shared/contract/problems.ts"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { startRotation } from "../../../shared/store/rotation.ts"
import { signIn } from "../../../shared/store/sign-in.ts"
import { type AccountItem, accountKey, type TokenItem, tokenKey } from "../../../shared/store/table.ts"
import {
  createToken,
  deleteToken,
  type IssuedToken,
  issueAdminToken,
  updateToken,
} from "../../../shared/store/tokens.ts"
import { createUser, revokeTokens, updateUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { fakeRuntime, frozenClock } from "../../fakes.ts"
import { interrupted } from "../../fleet.ts"
import { createTestTable, type TestTable } from "../../tables.ts"
import { codeOf } from "../../told.ts"

/** What only a moment between a read and a write shows. Kills the mutant f1-account-unchecked. */
let table: TestTable
let names = 0

beforeAll(async () => {
  table = await createTestTable()
})

const runtimeOn = (on: Table = table.table) => fakeRuntime(on, frozenClock())

async function anAccountWith(tokens: number) {
  const { user } = await createUser(runtimeOn(), anAdmin(), {
    user_type: "Service",
    name: `account ${names++}`,
    role: "Member",
    teams: [],
  })
  const made = []
  for (let n = 0; n < tokens; n++) made.push(await createToken(runtimeOn(), anAdmin(), "all", body(user.user_id, n)))
  return { user, tokens: made }
}

const body = (userId: string, n: number) => ({
  name: `t${n}`,
  type: "Service" as const,
  user_id: userId,
  expiration: "30d",
  allowed_cidrs: [],
})

const interruptedBy = (act: () => Promise<unknown>) => interrupted(table.table, act)

const row = (id: number) => table.table.get<TokenItem>(tokenKey(id))
const account = (id: number) => table.table.get<AccountItem>(accountKey(id))

describe("creating a token, while", () => {
  test("its account is deactivated: no token", async () => {
    const { user } = await anAccountWith(0)
    const late = interruptedBy(() => updateUser(runtimeOn(), anAdmin(), user.id, { active: false }, undefined))
    expect(await codeOf(createToken(runtimeOn(late), anAdmin(), "all", body(user.user_id, 1)))).toBe("account-inactive")
    expect((await account(user.id))?.tokens).toBe(0)
  })

  test("all its tokens are revoked: the new one is of the new epoch, and works", async () => {
    const { user } = await anAccountWith(0)
    const late = interruptedBy(() => revokeTokens(runtimeOn(), anAdmin(), user.id, { compromised: false }))
    const token = await createToken(runtimeOn(late), anAdmin(), "all", body(user.user_id, 1))
    expect(token.status).toBe("active")
    expect((await row(token.id))?.epoch).toBe((await account(user.id))?.epoch)
  })
})

describe("a personal token", () => {
  /** A human who calls with a personal token. */
  async function aCaller() {
    const email = `p${names++}@example.com`
    const { user } = await createUser(runtimeOn(), anAdmin(), {
      user_type: "User",
      name: "p",
      role: "Admin",
      teams: [],
      email,
    })
    const parent = await issueAdminToken(runtimeOn(), anAdmin(), email, "parent", undefined)
    return { parent, caller: anAdmin({ accountId: user.id, userId: email, tokenId: parent.id }) }
  }
  const child = { name: "child", type: "Personal" as const, expiration: "7d", allowed_cidrs: [] }

  test("isn't made with one that is revoked meanwhile, before or after it was read", async () => {
    const { parent, caller } = await aCaller()
    const revoke = () => updateToken(runtimeOn(), anAdmin(), "all", parent.id, { active: false, compromised: true })
    expect(await codeOf(createToken(runtimeOn(interruptedBy(revoke)), caller, "own", child))).toBe("token-not-active")
    expect(await codeOf(createToken(runtimeOn(), caller, "own", child))).toBe("token-not-active")
    await deleteToken(runtimeOn(), anAdmin(), "all", parent.id, undefined)
    expect(await codeOf(createToken(runtimeOn(), caller, "own", { ...child, expiration: "never" }))).toBe(
      "token-not-active",
    )
    expect((await account(caller.accountId))?.tokens).toBe(0)
  })

  test("isn't made with one that goes with all others meanwhile", async () => {
    const { caller } = await aCaller()
    const late = interruptedBy(() => revokeTokens(runtimeOn(), anAdmin(), caller.accountId, { compromised: false }))
    expect(await codeOf(createToken(runtimeOn(late), caller, "own", child))).toBe("token-not-active")
  })

  test("of an operator is issued also when the quota is used up, so that the last way in stays open", async () => {
    const { caller } = await aCaller()
    const row = (await account(caller.accountId)) as AccountItem
    await table.put({ ...row, tokens: 100 })
    expect(await codeOf(createToken(runtimeOn(), caller, "own", child))).toBe("token-quota")
    expect((await issueAdminToken(runtimeOn(), anAdmin(), row.userId, "operator", undefined)).status).toBe("active")
  })
})

test("revoking waits for no edit: tokens and accounts that change meanwhile are revoked all the same", async () => {
  const { user, tokens } = await anAccountWith(1)
  const token = tokens[0] as IssuedToken
  const edit = () => updateToken(runtimeOn(), anAdmin(), "all", token.id, { allowed_cidrs: ["10.0.0.0/8"] })
  let attempts = 0
  const counting = (on: Table): Table => ({
    ...on,
    transact: (steps) => {
      attempts++
      return on.transact(steps)
    },
  })
  await updateToken(runtimeOn(counting(interruptedBy(edit))), anAdmin(), "all", token.id, { active: false })
  const rename = () => updateUser(runtimeOn(), anAdmin(), user.id, { name: "renamed" }, undefined)
  await revokeTokens(runtimeOn(counting(interruptedBy(rename))), anAdmin(), user.id, { compromised: true })
  expect(attempts).toBe(2)
  expect(await account(user.id)).toMatchObject({ name: "renamed", version: 2, epoch: 1, compromisedEpoch: 1 })
  expect(await row(token.id)).toMatchObject({ state: "REVOKED", allowedCidrs: ["10.0.0.0/8"] })
})

describe("restoring a token, while", () => {
  test("all tokens are revoked as compromised: refused", async () => {
    const { user, tokens } = await anAccountWith(1)
    const token = tokens[0] as IssuedToken
    await updateToken(runtimeOn(), anAdmin(), "all", token.id, { active: false })
    const late = interruptedBy(() => revokeTokens(runtimeOn(), anAdmin(), user.id, { compromised: true }))
    expect(await codeOf(updateToken(runtimeOn(late), anAdmin(), "all", token.id, { active: true }))).toBe(
      "token-compromised",
    )
  })

  test("it is deleted: not-found, and no ghost", async () => {
    const { tokens } = await anAccountWith(1)
    const token = tokens[0] as IssuedToken
    await updateToken(runtimeOn(), anAdmin(), "all", token.id, { active: false })
    const late = interruptedBy(() => deleteToken(runtimeOn(), anAdmin(), "all", token.id, undefined))
    expect(await codeOf(updateToken(runtimeOn(late), anAdmin(), "all", token.id, { active: true }))).toBe("not-found")
    expect(await row(token.id)).toBeUndefined()
  })
})

test("deleting a token, while it is restored, is refused, and the restored token stays", async () => {
  const { user, tokens } = await anAccountWith(1)
  const token = tokens[0] as IssuedToken
  await updateToken(runtimeOn(), anAdmin(), "all", token.id, { active: false })
  const late = interruptedBy(() => updateToken(runtimeOn(), anAdmin(), "all", token.id, { active: true }))
  expect(await codeOf(deleteToken(runtimeOn(late), anAdmin(), "all", token.id, undefined))).toBe("token-active")
  expect(await row(token.id)).toMatchObject({ state: "ACTIVE" })
  expect((await account(user.id))?.tokens).toBe(1)
})

test("only idempotency records and sessions carry a ttl, so nothing else is ever deleted behind our back", async () => {
  const { user } = await anAccountWith(1)
  const email = "ttl@example.com"
  await createUser(runtimeOn(), anAdmin(), { user_type: "User", name: "Ana", email, role: "Member", teams: [] })
  const proof = { identity: { issuer: "https://issuer.example.com", subject: "ttl", email, tokenHash: "hash" } }
  await signIn(runtimeOn(), anAdmin(), proof)
  const idempotency = { principal: 1, keyHash: `key ${names++}`, requestHash: "request" }
  await createToken(runtimeOn(), anAdmin(), "all", body(user.user_id, 9), idempotency)
  const timed = (await table.dump()).filter((item) => "ttl" in item)
  const kinds = timed.map(({ PK, type }) => (type === "Session" ? type : PK.split("#")[0]))
  expect([...new Set(kinds)].sort()).toEqual(["IDEM", "Session"])
})

test("an Idempotency-Key is good for 24 hours: one millisecond before, and at their end", async () => {
  const { user } = await anAccountWith(0)
  const runtime = runtimeOn()
  const idempotency = { principal: 1, keyHash: `key ${names++}`, requestHash: "request" }
  const create = (n: number) => createToken(runtime, anAdmin(), "all", body(user.user_id, n), idempotency)
  await create(1)
  runtime.clock.advance(86_400_000 - 1)
  expect(await codeOf(create(1))).toBe("token-already-issued")
  runtime.clock.advance(1)
  expect(await codeOf(create(2))).toBe("none")
  expect(await codeOf(create(2))).toBe("token-already-issued")
})

test("a repeat tells of the token only whom it may be shown to now: nobody who has lost the role since, and of none that is deleted", async () => {
  const { user } = await anAccountWith(0)
  const runtime = runtimeOn()
  const keyed = () => ({ principal: 1, keyHash: `key ${names++}`, requestHash: "request" })
  const told = (promise: Promise<unknown>) =>
    promise.then(
      () => "none",
      ({ code, extras }: Problem) => [code, (extras as { token?: { status: string } }).token?.status],
    )
  const [creation, rotation] = [keyed(), keyed()]
  const create = (scope: "all" | "own") => createToken(runtime, anAdmin(), scope, body(user.user_id, 1), creation)
  const { id } = await create("all")
  const rotate = (scope: "all" | "own") => startRotation(runtime, anAdmin(), scope, id, { overlap_hours: 1 }, rotation)
  await rotate("all")
  expect(await told(create("all"))).toEqual(["token-already-issued", "active"])
  expect(await told(rotate("all"))).toEqual(["token-already-issued", "active"])
  expect(await told(create("own"))).toEqual(["insufficient-role", undefined])
  expect(await told(rotate("own"))).toEqual(["token-already-issued", undefined])
  await updateToken(runtime, anAdmin(), "all", id, { active: false })
  expect(await told(create("all"))).toEqual(["token-already-issued", "revoked"])
  await deleteToken(runtime, anAdmin(), "all", id, undefined)
  expect(await told(create("all"))).toEqual(["token-already-issued", undefined])
  expect(await told(rotate("all"))).toEqual(["token-already-issued", undefined])
})
