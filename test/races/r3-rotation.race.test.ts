import { beforeAll, expect, test } from "vitest"
import type { Table } from "../../shared/store/dynamodb.ts"
import { completeRotation, startRotation } from "../../shared/store/rotation.ts"
import { expiryPartitions, type TokenItem } from "../../shared/store/table.ts"
import { deleteToken, type IssuedToken } from "../../shared/store/tokens.ts"
import { revokeTokens, updateUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { fakeRuntime, frozenClock } from "../fakes.ts"
import { interrupted } from "../fleet.ts"
import { rounds } from "../rounds.ts"
import { createTestTable, type TestTable } from "../tables.ts"
import { anAccount, lambdaOn } from "./accounts.ts"
import { outcomeOf, rotationsOn, rowOf, toldOf } from "./rotations.ts"
import { verifier } from "./verifier.ts"

/**
 * R3 of rotation. Kills the mutants r3-rotation-account-unchecked and r3-promotion-late.
 */
let table: TestTable
beforeAll(async () => {
  table = await createTestTable()
})

const remove = (id: number) => deleteToken(lambdaOn(table), anAdmin(), "all", id, undefined)
const words = ["revoke", "revoke all", "deactivate", "delete"] as const
type Word = (typeof words)[number]

const narrowings: Record<Word, (token: IssuedToken) => Promise<unknown>> = {
  revoke: ({ id }) => rotationsOn(table).revoke(id),
  "revoke all": ({ user }) => revokeTokens(lambdaOn(table), anAdmin(), user.id, { compromised: false }),
  deactivate: ({ user }) => updateUser(lambdaOn(table), anAdmin(), user.id, { active: false }, undefined),
  delete: async ({ id }) => {
    await rotationsOn(table).revoke(id)
    await remove(id)
  },
}
const aToken = async (name: string) => (await anAccount(table, name, 1)).tokens[0] as IssuedToken
const said = (secrets: readonly string[]) => Promise.all(secrets.map((secret) => verifier(table, secret)()))
const refused = (secrets: readonly string[]) => secrets.map(() => "refused")

test.each(words)(
  "R3 a rotation at once with: %s; none of its secrets is accepted after the acknowledgement",
  async (word) => {
    for (const round of rounds(20)) {
      const token = await aToken(`${word} ${round}`)
      const secrets = [token.bearer_token]
      const rotating = Promise.allSettled([
        rotationsOn(table)
          .rotate(token.id)
          .then(({ bearer_token }) => secrets.push(bearer_token)),
      ])
      await narrowings[word](token)
      // Those that there are by now: the rotation may still add one.
      const known = [...secrets]
      expect(await said(known)).toEqual(refused(known))
      const [outcome] = (await rotating).map(outcomeOf) as [string]
      expect(["done", "token-not-active", "not-found"]).toContain(outcome)
      expect(await said(secrets)).toEqual(refused(secrets))
      expect(secrets).toHaveLength(outcome === "done" ? 2 : 1)
      if (word === "delete") expect(await rowOf(table.table, token.id)).toBeUndefined()
    }
  },
)

test.each(words)("R3 a rotation that has read its token before, and writes after, makes nothing: %s", async (word) => {
  for (const round of rounds(5)) {
    const token = await aToken(`read before ${word} ${round}`)
    const late = interrupted(table.table, async () => narrowings[word](token))
    const rotating = startRotation(
      lambdaOn({ table: late }),
      anAdmin(),
      "all",
      token.id,
      { overlap_hours: 1 },
      undefined,
    )
    await expect(rotating).rejects.toMatchObject({ code: word === "delete" ? "not-found" : "token-not-active" })
    expect((await rowOf(table.table, token.id))?.pending).toBeUndefined()
    expect(await toldOf(table, token)).toEqual([])
  }
})

/** Its one place in the expiry index, or none. */
async function placesOf({ id }: IssuedToken): Promise<string[]> {
  const partition = expiryPartitions()[id % 16] as string
  const keys = await table.table.queryIndex({ index: "expiry", partition, limit: 1000 })
  const row = await rowOf(table.table, id)
  return keys.filter(({ PK }) => PK === row?.PK).map(({ at }) => at.slice(0, 24))
}
const placed = (row: TokenItem | undefined) => (row ? [new Date(row.expiresAt as number).toISOString()] : [])

/** What one token and the trail may look like after a first use that met another act, delivered twice. */
const endings = {
  abort: ["1 done rotation-aborted,rotation-started", "2 no-rotation rotated,rotation-started"],
  complete: ["2 done rotated,rotation-completed,rotation-started", "2 no-rotation rotated,rotation-started"],
  revoke: ["1 done rotation-started", "2 done rotated,rotation-started"],
  delete: ["gone done rotation-started", "gone done rotated,rotation-started"],
} as const

test.each(Object.keys(endings) as (keyof typeof endings)[])(
  "R3 the first use of a new secret, delivered twice, at once with: %s; one outcome, one event, no ghost",
  async (word) => {
    const { rotate, used, abort, complete } = rotationsOn(table)
    const acts = { ...narrowings, abort: (t: IssuedToken) => abort(t.id), complete: (t: IssuedToken) => complete(t.id) }
    for (const round of rounds(20)) {
      const token = await aToken(`first use ${word} ${round}`)
      const fresh = await rotate(token.id)
      const use = () => used(token, 2)
      const [outcome] = await Promise.allSettled([acts[word](token), use(), use()])
      await use()
      const row = await rowOf(table.table, token.id)
      const told = await toldOf(table, token)
      expect(endings[word]).toContain(`${row?.current.generation ?? "gone"} ${outcomeOf(outcome)} ${told}`)
      expect(await placesOf(token)).toEqual(placed(row))
      const accepted = { abort: [1], complete: [2], revoke: [], delete: [] }[word]
      const secrets = [token.bearer_token, fresh.bearer_token]
      if (outcomeOf(outcome) === "done")
        expect(await said(secrets)).toEqual([1, 2].map((n) => (accepted.some((m) => m === n) ? "accepted" : "refused")))
      else expect(await said(secrets)).toEqual(["accepted", "accepted"])
    }
  },
)

/** A first use that has read its token before something else happens to it, and writes after. */
const lateUse = (token: IssuedToken, act: () => Promise<unknown>) =>
  rotationsOn({ table: interrupted(table.table, act) }).used(token, 2)

test("R3 a first use that is written after an abort and another rotation makes neither secret the current one", async () => {
  for (const round of rounds(10)) {
    const token = await aToken(`aborted ${round}`)
    const { rotate, abort } = rotationsOn(table)
    const secrets = [token.bearer_token, (await rotate(token.id)).bearer_token]
    await lateUse(token, async () => {
      await abort(token.id)
      secrets.push((await rotate(token.id)).bearer_token)
    })
    expect(await said(secrets)).toEqual(["accepted", "refused", "accepted"])
    const row = await rowOf(table.table, token.id)
    expect([row?.current.generation, row?.pending?.generation]).toEqual([1, 3])
    expect(await toldOf(table, token)).toEqual(["rotation-aborted", "rotation-started", "rotation-started"])
  }
})

test("R3 a first use that is written after the revocation changes no secret; restored, the token is as it was", async () => {
  for (const round of rounds(10)) {
    const token = await aToken(`revoked ${round}`)
    const { rotate, revoke, restore } = rotationsOn(table)
    const secrets = [token.bearer_token, (await rotate(token.id)).bearer_token]
    await lateUse(token, () => revoke(token.id))
    expect(await said(secrets)).toEqual(["refused", "refused"])
    expect((await rowOf(table.table, token.id))?.current.generation).toBe(1)
    expect(await toldOf(table, token)).toEqual(["rotation-started"])
    await restore(token.id)
    expect(await said(secrets)).toEqual(["accepted", "accepted"])
  }
})

test("R3 of two completions at once exactly one ends the overlap, and it is told once", async () => {
  for (const round of rounds(20)) {
    const token = await aToken(`completed ${round}`)
    const { rotate, used } = rotationsOn(table)
    await rotate(token.id)
    await used(token, 2)
    // The other has read the token before the one's write, of the same instant.
    const clock = frozenClock(Date.now() + 1000)
    const completeOn = (on: Table) => completeRotation(fakeRuntime(on, clock), anAdmin(), "all", token.id, {})
    const late = interrupted(table.table, () => completeOn(table.table))
    await expect(completeOn(late)).rejects.toMatchObject({ code: "no-rotation" })
    expect((await rowOf(table.table, token.id))?.supersededAt).toBe(0)
    expect(await toldOf(table, token)).toEqual(["rotated", "rotation-completed", "rotation-started"])
  }
})
