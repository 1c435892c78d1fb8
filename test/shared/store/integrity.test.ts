import { describe, expect, test } from "vitest"
import { emailKeyOf, subjectKeyOf } from "../../../shared/store/accounts.ts"
import { deleteUser, purgeDeletedAccounts } from "../../../shared/store/deletion.ts"
import {
  accountKey,
  administratorsKey,
  expiryListing,
  jobKey,
  type Key,
  tokenKey,
  tokenNameKey,
  userIdKey,
} from "../../../shared/store/table.ts"
import { createToken } from "../../../shared/store/tokens.ts"
import { updateUser } from "../../../shared/store/users.ts"
import { handleOf } from "../../../shared/token/format.ts"
import { anAccount, anAdmin, aVerifiableToken } from "../../builders.ts"
import { aStage, clean, findingsOf, job, linesOf, now, type Stage, stoppingAt } from "./integrity-stage.ts"

describe("a table whose rows agree", () => {
  test("has no findings, and the check says so", async () => {
    const { check, position, runtimeOn, admin, table } = await aStage()
    // A human's session, which has no guard and isn't counted, and the personal token that it makes.
    const session = { id: 77, accountId: admin.id, type: "Session", state: "ACTIVE", epoch: 0 }
    await table.put({ ...tokenKey(77), ...session })
    const human = anAdmin({ accountId: admin.id, tokenId: 77 })
    const body = { name: "mine", type: "Personal" as const, expiration: "never", allowed_cidrs: [] }
    await createToken(runtimeOn(), human, "own", body)
    const run = await check()
    expect(run.answer).toEqual({ tokens: 3, accounts: 2, findings: 0 })
    expect(run.lines.map(({ event }) => event)).toEqual(["integrity.checked"])
    expect(run.lines[0]).toMatchObject({
      ...{ startedAt: now, tokens: 3, accounts: 2, findings: clean },
      ...{ Stage: "test", IntegrityFindings: 0 },
      _aws: { CloudWatchMetrics: [{ Metrics: [{ Name: "IntegrityFindings", Unit: "Count" }] }] },
    })
    expect(await position()).toMatchObject({ startedAt: now, finishedAt: now, findings: clean })
    expect(await position()).not.toHaveProperty("ttl")
  })

  test("has none either while a purge has stopped half-way", async () => {
    const { check, runtimeOn, user, create, table } = await aStage()
    for (let n = 0; n < 45; n++) await create(`t${n}`)
    await updateUser(runtimeOn(), anAdmin(), user.id, { active: false }, undefined)
    await deleteUser(runtimeOn(), anAdmin(), user.id, undefined)
    await expect(purgeDeletedAccounts(runtimeOn(stoppingAt(table.table, 2)), job)).rejects.toThrow("stopped")
    expect((await check()).answer).toEqual({ tokens: 7, accounts: 2, findings: 0 })
    await purgeDeletedAccounts(runtimeOn(), job)
    expect((await check()).answer).toEqual({ tokens: 0, accounts: 1, findings: 0 })
  })

  test("is read page by page, each row once", async () => {
    const { check, table } = await aStage()
    const owner = anAccount({ tokens: 205 })
    await table.put({ ...owner })
    await table.put({ ...userIdKey(owner.userId), accountId: owner.id })
    for (let n = 0; n < 205; n++) {
      const id = 3812345678900000 + n * 16
      const token = {
        ...aVerifiableToken({ id, accountId: owner.id }),
        ...tokenKey(id),
        ...expiryListing(id, undefined),
      }
      await table.put({ ...token, name: `t${n}` })
      await table.put({ ...tokenNameKey(owner.id, `T${n}`), tokenId: id })
      const account = anAccount({ id: n + 1, userId: `u${n}@service` })
      await table.put({ ...account })
      await table.put({ ...userIdKey(account.userId), accountId: account.id })
    }
    expect((await check()).answer).toEqual({ tokens: 207, accounts: 208, findings: 0 })
  })
})

describe("a finding", () => {
  const tokenOf = ({ user, ids: [id] }: Stage) => ({
    ...tokenKey(id),
    accountId: user.id,
    tokenId: id,
    handle: handleOf("Service", user.id, id),
  })
  const first = ({ user }: Stage) => tokenNameKey(user.id, "first")
  const accountOf = (id: number) => ({ ...accountKey(id), accountId: id })
  const counts = (counted: number, found: number) => ({ counted, found })
  const binding = { issuer: "https://issuer.example.com", subject: "admin" }

  const cases: Record<string, { broken: (stage: Stage) => Promise<void>; found: (stage: Stage) => object[] }> = {
    "is a token whose account is gone, whatever else is": {
      broken: async ({ lose, user, ids: [id] }) => {
        await lose(accountKey(user.id))
        await lose(tokenKey(id))
      },
      found: ({ user, ids: [, id] }) => [
        {
          kind: "orphaned-token",
          ...{ ...tokenKey(id), accountId: user.id, tokenId: id, handle: handleOf("Service", user.id, id) },
        },
      ],
    },
    "is a token without its guard, and the count that this makes wrong": {
      broken: (stage) => stage.lose(first(stage)),
      found: (stage) => [
        { kind: "token-without-guard", ...tokenOf(stage) },
        { kind: "token-count", ...accountOf(stage.user.id), ...counts(2, 1) },
      ],
    },
    "is a token whose guard names another one": {
      broken: (stage) => stage.change(first(stage), { tokenId: stage.ids[1] }),
      found: (stage) => [{ kind: "token-without-guard", ...tokenOf(stage) }],
    },
    "is a guard without its token": {
      broken: ({ lose, ids: [id] }) => lose(tokenKey(id)),
      found: (stage) => [
        { kind: "guard-without-token", ...accountOf(stage.user.id), tokenId: stage.ids[0], guard: first(stage).SK },
      ],
    },
    "is a guard whose token is another account's": {
      broken: async ({ change, admin, ids: [id], table }) => {
        await change(tokenKey(id), { accountId: admin.id, name: "moved" })
        await table.put({ ...tokenNameKey(admin.id, "moved"), tokenId: id })
        await change(accountKey(admin.id), { tokens: 1 })
      },
      found: (stage) => [
        { kind: "guard-without-token", ...accountOf(stage.user.id), tokenId: stage.ids[0], guard: first(stage).SK },
      ],
    },
    "is a count above that of the tokens": {
      broken: ({ change, user }) => change(accountKey(user.id), { tokens: 3 }),
      found: ({ user }) => [{ kind: "token-count", ...accountOf(user.id), ...counts(3, 2) }],
    },
    "is a count below that of the tokens": {
      broken: ({ change, user }) => change(accountKey(user.id), { tokens: 1 }),
      found: ({ user }) => [{ kind: "token-count", ...accountOf(user.id), ...counts(1, 2) }],
    },
    "is an account without the guard of its user_id": {
      broken: ({ lose, user }) => lose(userIdKey(user.user_id)),
      found: ({ user }) => [{ kind: "account-without-user-id-guard", ...accountOf(user.id) }],
    },
    "is an account whose user_id's guard is another one's": {
      broken: ({ change, user, admin }) => change(userIdKey(user.user_id), { accountId: admin.id }),
      found: ({ user }) => [{ kind: "account-without-user-id-guard", ...accountOf(user.id) }],
    },
    "is a human without the guard of their email": {
      broken: ({ lose }) => lose(emailKeyOf("admin@example.com")),
      found: ({ admin }) => [{ kind: "account-without-email-guard", ...accountOf(admin.id) }],
    },
    "is a human whose email's guard is another one's": {
      broken: ({ change, user }) => change(emailKeyOf("admin@example.com"), { accountId: user.id }),
      found: ({ admin }) => [{ kind: "account-without-email-guard", ...accountOf(admin.id) }],
    },
    "is a human without an email": {
      broken: ({ change, admin }) => change(accountKey(admin.id), { email: undefined }),
      found: ({ admin }) => [{ kind: "account-without-email-guard", ...accountOf(admin.id) }],
    },
    "is a human whose binding has no guard": {
      broken: ({ change, admin }) => change(accountKey(admin.id), { binding }),
      found: ({ admin }) => [{ kind: "account-without-binding-guard", ...accountOf(admin.id) }],
    },
    "is a human whose binding's guard is another one's": {
      broken: async ({ change, admin, user }) => {
        await change(accountKey(admin.id), { binding })
        await change(subjectKeyOf(binding), { accountId: user.id })
      },
      found: ({ admin }) => [{ kind: "account-without-binding-guard", ...accountOf(admin.id) }],
    },
    "is a count of administrators above theirs": {
      broken: ({ change }) => change(administratorsKey, { count: 2 }),
      found: () => [{ kind: "administrator-count", ...administratorsKey, ...counts(2, 1) }],
    },
    "is an administrator who isn't counted": {
      broken: ({ lose }) => lose(administratorsKey),
      found: () => [{ kind: "administrator-count", ...administratorsKey, ...counts(0, 1) }],
    },
    "is a count of an administrator who is none any more": {
      broken: ({ change, admin }) => change(accountKey(admin.id), { state: "INACTIVE" }),
      found: () => [{ kind: "administrator-count", ...administratorsKey, ...counts(1, 0) }],
    },
  }

  test.each(Object.entries(cases))("%s", async (_, { broken, found }) => {
    const stage = await aStage()
    await broken(stage)
    const before = await stage.table.dump()
    const run = await stage.check()
    const expected = found(stage) as { kind: string }[]
    expect(findingsOf(run)).toEqual(expected)
    expect(run.answer.findings).toBe(expected.length)
    const byKind = Object.fromEntries(expected.map(({ kind }) => [kind, 1]))
    expect(linesOf(run, "integrity.checked")).toMatchObject([
      { findings: { ...clean, ...byKind }, IntegrityFindings: expected.length },
    ])
    // It repairs nothing, and writes nothing but its own position.
    const after = (await stage.table.dump()).filter(({ PK }) => PK !== jobKey("integrity").PK)
    const inOrder = (rows: Key[]) => rows.toSorted((a, b) => (`${a.PK} ${a.SK}` < `${b.PK} ${b.SK}` ? -1 : 1))
    expect(inOrder(after)).toEqual(inOrder(before))
  })

  test("is made of ids and handles: no email, and no name but a guard's", async () => {
    const stage = await aStage()
    await stage.lose(emailKeyOf("admin@example.com"))
    await stage.lose(userIdKey(stage.user.user_id))
    await stage.lose(tokenNameKey(stage.user.id, "second"))
    const run = await stage.check()
    expect(findingsOf(run)).toHaveLength(4)
    expect(JSON.stringify(run.lines)).not.toMatch(/example\.com|@service|second/)
  })
})
