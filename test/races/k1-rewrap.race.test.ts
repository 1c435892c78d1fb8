import { beforeAll, expect, test } from "vitest"
import type { Table } from "../../shared/store/dynamodb.ts"
import { addKey, rewrap } from "../../shared/store/keyring-rotation.ts"
import { abortRotation, startRotation } from "../../shared/store/rotation.ts"
import { type TokenItem, tokenKey } from "../../shared/store/table.ts"
import { createToken, deleteToken, type IssuedToken, updateToken } from "../../shared/store/tokens.ts"
import { createUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { type Clock, frozenClock } from "../fakes.ts"
import { interrupted } from "../fleet.ts"
import { aStage } from "../keyring-drill.ts"
import { dynamodbLocal, rounds } from "../rounds.ts"
import { createTestTable, type TestTable } from "../tables.ts"
import { tokenBody } from "./accounts.ts"

/** A re-wrap that meets what else happens to a row. Kills the mutants k1-rewrap-unconditioned and k1-promotion-stale. */
let table: TestTable
let clock: Clock
beforeAll(async () => {
  table = await createTestTable()
  clock = frozenClock()
})

const rowOf = (id: number) => table.table.get<TokenItem>(tokenKey(id))
const pathsOf = async (id: number) => {
  const row = await rowOf(id)
  return [row?.current, row?.pending, row?.previous].map((secret) => secret?.keyPath)
}

/** A stage with a token of k1, and a new secret of k1 that waits; k2 mints. */
async function underK1(name: string) {
  const stage = aStage(table, clock)
  const lambda = stage.endpoint()
  clock.advance(1)
  const body = { user_type: "Service" as const, name, role: "Member" as const, teams: [] }
  const { user } = await createUser(lambda, anAdmin(), body)
  const token = await createToken(lambda, anAdmin(), "all", tokenBody(user.user_id, "t"))
  const fresh = await startRotation(lambda, anAdmin(), "all", token.id, { overlap_hours: 24 }, undefined)
  await addKey(stage.operation(), 60)
  clock.advance(3_601_000)
  const environment = stage.environment()
  const use = async (bearerToken: string, on?: Table) => {
    const verdict = await environment.verify(bearerToken)
    await environment.record(on)
    return verdict
  }
  const acts: Record<string, () => Promise<unknown>> = {
    "a use": () => use(token.bearer_token),
    "the first use of a new secret": () => use(fresh.bearer_token),
    "an abort of its rotation": () => abortRotation(lambda, anAdmin(), "all", token.id, {}),
    "its revocation": () => updateToken(lambda, anAdmin(), "all", token.id, { active: false }),
    "its deletion": async () => {
      await updateToken(lambda, anAdmin(), "all", token.id, { active: false })
      await deleteToken(lambda, anAdmin(), "all", token.id, undefined)
    },
  }
  return { ...stage, token, fresh, use, acts }
}

/** What both secrets of the token are answered in the end, and which may be under which keys then. */
const endings: Record<string, { answers: string[]; paths: RegExp }> = {
  "a use": { answers: ["Allow", "Allow"], paths: /^(k2|k1\.k2),k1\.k2,$/ },
  "the first use of a new secret": { answers: ["Allow", "Allow"], paths: /^k1\.k2,,k1\.k2$/ },
  "an abort of its rotation": { answers: ["Allow", "invalid-token"], paths: /^k1\.k2,,$/ },
  "its revocation": { answers: ["token-revoked", "token-revoked"], paths: /^k1\.k2,k1\.k2,$/ },
  "its deletion": { answers: ["invalid-token", "invalid-token"], paths: /^,,$/ },
}

const answersTo = async ({ environment }: ReturnType<typeof aStage>, secrets: readonly IssuedToken[]) => {
  // By an environment that records nothing.
  const { verify } = environment()
  return Promise.all(secrets.map(({ bearer_token }) => verify(bearer_token)))
}

test.each(Object.keys(endings))(
  "K1 a re-wrap at once with %s: nothing is lost, and nothing comes back",
  async (word) => {
    for (const round of rounds(dynamodbLocal ? 4 : 10)) {
      const stage = await underK1(`at once ${word} ${round}`)
      await Promise.all([rewrap(stage.operation()), stage.acts[word]?.()])
      expect(await answersTo(stage, [stage.token, stage.fresh])).toEqual(endings[word]?.answers)
      expect((await pathsOf(stage.token.id)).join()).toMatch(endings[word]?.paths as RegExp)
      await drop(stage.token.id)
    }
  },
)

test.each(Object.keys(endings))("K1 a re-wrap that has read its row before %s, and writes after", async (word) => {
  for (const round of rounds(dynamodbLocal ? 4 : 10)) {
    const stage = await underK1(`read before ${word} ${round}`)
    let done = false
    const late: Table = {
      ...table.table,
      update: async (key, changes, condition) => {
        if (!done && key.PK === tokenKey(stage.token.id).PK) {
          done = true
          await stage.acts[word]?.()
        }
        return table.table.update(key, changes, condition)
      },
    }
    await rewrap(stage.operation(late))
    expect(done).toBe(true)
    expect(await answersTo(stage, [stage.token, stage.fresh])).toEqual(endings[word]?.answers)
    expect((await pathsOf(stage.token.id)).join()).toMatch(endings[word]?.paths as RegExp)
    await drop(stage.token.id)
  }
})

test("K1 a first use that has read its row before a re-wrap, and writes after, brings back no digest of the old key", async () => {
  for (const round of rounds(dynamodbLocal ? 4 : 10)) {
    const stage = await underK1(`read before the re-wrap ${round}`)
    const late = interrupted(table.table, () => rewrap(stage.operation()))
    expect(await stage.use(stage.fresh.bearer_token, late)).toBe("Allow")
    expect(await pathsOf(stage.token.id)).toEqual(["k1.k2", undefined, "k1.k2"])
    expect(await answersTo(stage, [stage.token, stage.fresh])).toEqual(["Allow", "Allow"])
    await drop(stage.token.id)
  }
})

/** The rounds have keyrings of their own: a row of another one's must not be re-wrapped. */
const drop = (id: number) =>
  table.table
    .transact([
      {
        write: (TableName) => ({ Delete: { TableName, Key: tokenKey(id) } }),
        otherwise: () => new Error("unconditional"),
      },
    ])
    .then(() => undefined)
