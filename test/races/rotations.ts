import { Problem } from "../../shared/contract/problems.ts"
import { system } from "../../shared/store/audit.ts"
import type { Table } from "../../shared/store/dynamodb.ts"
import type { Idempotency } from "../../shared/store/idempotency.ts"
import { abortRotation, completeRotation, startRotation } from "../../shared/store/rotation.ts"
import { type AuditItem, type TokenItem, tokenKey } from "../../shared/store/table.ts"
import { type IssuedToken, updateToken } from "../../shared/store/tokens.ts"
import { recordUsage } from "../../shared/store/usage.ts"
import { handleOf } from "../../shared/token/format.ts"
import { anAdmin } from "../builders.ts"
import type { TestTable } from "../tables.ts"
import { lambdaOn } from "./accounts.ts"

/** What is done to a rotating token, each time by a Lambda of its own. */
export const rotationsOn = (table: Pick<TestTable, "table">) => ({
  rotate: (id: number, idempotency?: Idempotency, overlap_hours = 24) =>
    startRotation(lambdaOn(table), anAdmin(), "all", id, { overlap_hours }, idempotency),
  abort: (id: number) => abortRotation(lambdaOn(table), anAdmin(), "all", id, {}),
  complete: (id: number) => completeRotation(lambdaOn(table), anAdmin(), "all", id, {}),
  revoke: (id: number) => updateToken(lambdaOn(table), anAdmin(), "all", id, { active: false }),
  restore: (id: number) => updateToken(lambdaOn(table), anAdmin(), "all", id, { active: true }),
  /** The record of a use of one of its secrets, now. */
  used: ({ id, user }: IssuedToken, generation: number) => {
    const [at, network] = [Date.now(), "203.0.113.0/24"]
    const secrets = { [generation]: { firstAt: at, lastAt: at, network } }
    const usage = { tokenId: id, accountId: user.id, usedAt: at, networks: { [network]: at }, secrets }
    return recordUsage(lambdaOn(table), system("record-usage", "r"), [usage])
  },
})

export const rowOf = (table: Table, id: number) => table.get<TokenItem>(tokenKey(id))

/** What the trail has told of a token's rotations, in no order. */
export async function toldOf(table: TestTable, { id, user }: IssuedToken): Promise<string[]> {
  const handle = handleOf("Service", user.id, id)
  const rows = (await table.dump()).map((row) => row as unknown as AuditItem)
  return rows
    .filter(({ PK, action, subject }) => PK.startsWith("AUD#") && /rotat/.test(action) && subject.handle === handle)
    .map(({ action }) => action.replace("token.", ""))
    .sort()
}

export const outcomeOf = (settled: PromiseSettledResult<unknown>): string =>
  settled.status === "fulfilled"
    ? "done"
    : settled.reason instanceof Problem
      ? settled.reason.code
      : String(settled.reason)
