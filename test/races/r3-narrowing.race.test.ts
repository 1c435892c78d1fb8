import { beforeAll, expect, test } from "vitest"
import { Problem } from "../../shared/contract/problems.ts"
import { type AccountItem, accountKey, type TokenItem, tokenKey } from "../../shared/store/table.ts"
import { deleteToken, type IssuedToken, updateToken } from "../../shared/store/tokens.ts"
import { createFirstAdmin, createUser, revokeTokens, updateUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { rounds } from "../rounds.ts"
import { createTestTable, type TestTable } from "../tables.ts"
import { anAccount, lambdaOn } from "./accounts.ts"
import { isLinearizable, type Operation } from "./linearizable.ts"
import { verifier } from "./verifier.ts"

/** R3. Kills r3-epoch-unchecked, r3-account-unchecked, r3-delete-unconditioned and r3-admins-uncounted. */
let table: TestTable
beforeAll(async () => {
  table = await createTestTable()
})

const code = (outcome: PromiseSettledResult<unknown>) =>
  outcome.status === "fulfilled"
    ? "done"
    : outcome.reason instanceof Problem
      ? outcome.reason.code
      : String(outcome.reason)

test("R3 deactivating, and revoking all, ends five tokens at once: none is accepted after the acknowledgement", async () => {
  for (const round of rounds(30)) {
    const { user, tokens } = await anAccount(table, `five ${round}`, 5)
    const histories = tokens.map((): Operation[] => [])
    const verifying = tokens.map(async ({ bearer_token }, n) => {
      const verify = verifier(table, bearer_token)
      const history = histories[n] as Operation[]
      for (let refused = 0; refused < 3; ) {
        const start = performance.now()
        const kind = await verify()
        history.push({ kind, start, end: performance.now() })
        refused += kind === "refused" ? 1 : 0
        if (history.length > 400) throw new Error("never refused")
      }
    })
    while (histories.some((history) => history.length < 2)) await new Promise(setImmediate)
    const start = performance.now()
    const act =
      round % 2 === 0
        ? updateUser(lambdaOn(table), anAdmin(), user.id, { active: false }, undefined)
        : revokeTokens(lambdaOn(table), anAdmin(), user.id, { compromised: false })
    await act
    const narrowed: Operation = { kind: "revoke", start, end: performance.now() }
    await Promise.all(verifying)
    for (const history of histories) expect(isLinearizable([...history, narrowed])).toBe(true)
  }
})

test("R3 of a deletion and a restoration of one token exactly one wins", async () => {
  let left = 0
  let account: Awaited<ReturnType<typeof anAccount>> | undefined
  for (const round of rounds(60)) {
    // Twenty tokens of an account, so that its count is one of several.
    if (round % 20 === 0) {
      account = await anAccount(table, `delete or restore ${round}`, 20)
      left = 20
    }
    const { user, tokens } = account as NonNullable<typeof account>
    const token = tokens[round % 20] as IssuedToken
    await updateToken(lambdaOn(table), anAdmin(), "all", token.id, { active: false })
    const outcomes = await Promise.allSettled([
      deleteToken(lambdaOn(table), anAdmin(), "all", token.id, undefined),
      updateToken(lambdaOn(table), anAdmin(), "all", token.id, { active: true }),
    ])
    expect(["done,not-found", "token-active,done"]).toContain(outcomes.map(code).join())
    const row = await table.table.get<TokenItem>(tokenKey(token.id))
    expect(row?.state).toBe(outcomes[0]?.status === "fulfilled" ? undefined : "ACTIVE")
    if (!row) left--
    expect((await table.table.get<AccountItem>(accountKey(user.id)))?.tokens).toBe(left)
  }
})

test("R3 deleting what is restored just before is refused, each time", async () => {
  for (const round of rounds(20)) {
    const [token] = (await anAccount(table, `restored just before ${round}`, 1)).tokens as [IssuedToken]
    await updateToken(lambdaOn(table), anAdmin(), "all", token.id, { active: false })
    const runtime = lambdaOn(table)
    // The restoration comes between the deletion's read and its write.
    const late = {
      ...table.table,
      transact: async (steps: Parameters<typeof table.table.transact>[0]) => {
        await updateToken(lambdaOn(table), anAdmin(), "all", token.id, { active: true })
        return table.table.transact(steps)
      },
    }
    const [outcome] = await Promise.allSettled([
      deleteToken({ ...runtime, table: late }, anAdmin(), "all", token.id, undefined),
    ])
    expect(code(outcome as PromiseSettledResult<unknown>)).toBe("token-active")
    expect(await verifier(table, token.bearer_token)()).toBe("accepted")
  }
})

test("R3 a token restored after a revoke-all works, a compromised one never", async () => {
  for (const round of rounds(20)) {
    const { user, tokens } = await anAccount(table, `restored ${round}`, 1)
    const [token] = tokens as [IssuedToken]
    const restore = () => updateToken(lambdaOn(table), anAdmin(), "all", token.id, { active: true })
    await revokeTokens(lambdaOn(table), anAdmin(), user.id, { compromised: false })
    expect(await verifier(table, token.bearer_token)()).toBe("refused")
    await restore()
    expect(await verifier(table, token.bearer_token)()).toBe("accepted")
    await revokeTokens(lambdaOn(table), anAdmin(), user.id, { compromised: true })
    const [outcome] = await Promise.allSettled([restore()])
    expect(code(outcome as PromiseSettledResult<unknown>)).toBe("token-compromised")
    expect(await verifier(table, token.bearer_token)()).toBe("refused")
  }
})

test("R3 two administrators who demote each other: one stays", async () => {
  const own = await createTestTable()
  await createFirstAdmin(lambdaOn(own), anAdmin(), "first@example.com")
  const admin = (email: string) =>
    createUser(lambdaOn(own), anAdmin(), { user_type: "User", name: "a", role: "Admin", teams: [], email })
  const first = (await own.dump()).find(({ email }) => email === "first@example.com") as unknown as AccountItem
  for (const round of rounds(30)) {
    const { user } = await admin(`second-${round}@example.com`)
    const outcomes = await Promise.allSettled([
      updateUser(lambdaOn(own), anAdmin(), first.id, { role: "Member" }, undefined),
      updateUser(lambdaOn(own), anAdmin(), user.id, { active: false }, undefined),
    ])
    expect(outcomes.map(code).toSorted()).toEqual(["done", "last-admin"])
    await updateUser(lambdaOn(own), anAdmin(), first.id, { role: "Admin" }, undefined)
    if (outcomes[1]?.status === "rejected")
      await updateUser(lambdaOn(own), anAdmin(), user.id, { active: false }, undefined)
  }
})
