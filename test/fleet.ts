import { Unavailable } from "../shared/runtime.ts"
import type { Table } from "../shared/store/dynamodb.ts"
import type { AuditItem, TokenItem } from "../shared/store/table.ts"
import { tokenKey } from "../shared/store/table.ts"
import { createToken, updateToken } from "../shared/store/tokens.ts"
import { recordUsage } from "../shared/store/usage.ts"
import { createUser } from "../shared/store/users.ts"
import { handleOf } from "../shared/token/format.ts"
import { anAdmin, aVerifiableToken } from "./builders.ts"
import { fakeRuntime, frozenClock } from "./fakes.ts"
import { createTestTable } from "./tables.ts"

export const second = 1000
export const day = 86_400_000
export const start = Date.parse("2026-11-23T12:00:00Z")

/** A table of its own with one service account, on a clock that stands: for the jobs that go through tokens. */
export async function aFleet() {
  const table = await createTestTable()
  const clock = frozenClock(start)
  const runtimeOn = (on: Table = table.table) => fakeRuntime(on, clock)
  const { user } = await createUser(runtimeOn(), anAdmin(), {
    user_type: "Service",
    name: "fleet",
    role: "Member",
    teams: [],
  })
  let names = 0
  const issued = async (expiration: string) => {
    const name = `t${names++}`
    const body = { name, type: "Service" as const, user_id: user.user_id, expiration, allowed_cidrs: [] }
    const { id, bearer_token: bearer } = await createToken(runtimeOn(), anAdmin(), "all", body)
    return { id, bearer }
  }
  const events = async (action?: string) =>
    (await table.dump())
      .map((row) => row as unknown as AuditItem)
      .filter(({ PK, action: of }) => PK.startsWith("AUD#") && (action === undefined || of === action))
      .sort((a, b) => a.at - b.at)
  return {
    table,
    clock,
    runtimeOn,
    user,
    issued,
    /** Makes one now. */
    token: async (expiration = "never"): Promise<number> => (await issued(expiration)).id,
    row: (id: number) => table.table.get<TokenItem>(tokenKey(id)) as Promise<TokenItem>,
    set: (id: number, active: boolean) => updateToken(runtimeOn(), anAdmin(), "all", id, { active }),
    use: (tokenId: number, usedAt = clock.now()) =>
      recordUsage(runtimeOn(), anAdmin(), [
        { tokenId, accountId: user.id, usedAt, networks: { "203.0.113.0/24": usedAt }, secrets: {} },
      ]),
    events,
    /** Of one token. */
    eventsOf: async (id: number, action: string) => {
      const { accountId, type } = await (table.table.get<TokenItem>(tokenKey(id)) as Promise<TokenItem>)
      return (await events(action)).filter(({ subject }) => subject.handle === handleOf(type, accountId, id))
    },
  }
}

/** A table on which something else happens just before the first transaction. */
export function interrupted(table: Table, act: () => Promise<unknown>): Table {
  let done = false
  return {
    ...table,
    transact: async (steps) => {
      if (!done) {
        done = true
        await act()
      }
      return table.transact(steps)
    },
  }
}

/** A table that is gone after so many transactions: a run on it stops there. */
export function stoppingAfter(table: Table, most: number): Table {
  const begun: Promise<void>[] = []
  return {
    ...table,
    transact: async (steps) => {
      if (begun.length >= most) {
        // A run writes many at once, and a test has to know what it wrote.
        await Promise.allSettled(begun)
        throw new Unavailable("stopped")
      }
      const write = table.transact(steps)
      begun.push(write)
      return write
    },
  }
}

/** A table, which keys were read from it in batches, and how many pages of an index. */ export function watched(
  table: Table,
) {
  const reads = { keys: [] as string[], pages: 0 }
  const on: Table = {
    ...table,
    batchGet: (keys) => {
      reads.keys.push(...keys.map(({ PK }) => PK))
      return table.batchGet(keys)
    },
    queryIndex: (query) => {
      reads.pages += 1
      return table.queryIndex(query)
    },
  }
  return { on, reads }
}

/** A token's row as it would stand in the table, but for its listings. */
export function aRow(id: number, accountId: number, over: Partial<TokenItem>) {
  return {
    ...aVerifiableToken({ id, accountId }),
    ...tokenKey(id),
    ...{ name: `t${id}`, version: 1, createdAt: start, createdById: 1 },
    ...over,
  }
}
