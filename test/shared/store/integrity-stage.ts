import { DeleteCommand } from "@aws-sdk/lib-dynamodb"
import { Unavailable } from "../../../shared/runtime.ts"
import { system } from "../../../shared/store/audit.ts"
import type { Table } from "../../../shared/store/dynamodb.ts"
import { checkIntegrity } from "../../../shared/store/integrity.ts"
import { type AccountItem, type IntegrityItem, jobKey, type Key } from "../../../shared/store/table.ts"
import { createToken, deleteToken, updateToken } from "../../../shared/store/tokens.ts"
import { createFirstAdmin, createUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../../fakes.ts"
import { createTestTable } from "../../tables.ts"

export const now = Date.parse("2026-11-23T12:00:00Z")
export const job = system("a-test", "r")

/** A table of its own with the first administrator, a service account and two of its tokens. */
export async function aStage() {
  const table = await createTestTable()
  const clock = frozenClock(now)
  const runtimeOn = (on: Table = table.table) => fakeRuntime(on, clock)
  await createFirstAdmin(runtimeOn(), job, "admin@example.com")
  const service = {
    user_type: "Service" as const,
    name: "a",
    role: "Member" as const,
    teams: [],
    email: "a@example.com",
  }
  const { user } = await createUser(runtimeOn(), anAdmin(), service)
  const create = (name: string) => {
    const body = { name, type: "Service" as const, user_id: user.user_id, expiration: "30d", allowed_cidrs: [] }
    return createToken(runtimeOn(), anAdmin(), "all", body)
  }
  const remove = async (id: number) => {
    await updateToken(runtimeOn(), anAdmin(), "all", id, { active: false })
    await deleteToken(runtimeOn(), anAdmin(), "all", id, undefined)
  }
  const ids = [(await create("first")).id, (await create("second")).id] as const
  const rows = await table.dump()
  const admin = rows.find(({ userId }) => userId === "admin@example.com") as unknown as AccountItem
  return {
    table,
    clock,
    runtimeOn,
    user,
    admin,
    ids,
    create,
    remove,
    lose: async ({ PK, SK }: Key) => {
      await table.client.send(new DeleteCommand({ TableName: table.name, Key: { PK, SK } }))
    },
    change: async (key: Key, over: object) => {
      await table.put({ ...(await table.table.get<Key>(key)), ...key, ...over })
    },
    check: async (on?: Table) => {
      const runtime = runtimeOn(on)
      return { answer: await checkIntegrity(runtime), lines: runtime.lines }
    },
    position: () => table.table.get<IntegrityItem>(jobKey("integrity")),
  }
}
export type Stage = Awaited<ReturnType<typeof aStage>>

export const linesOf = ({ lines }: Pick<FakeRuntime, "lines">, event: string) =>
  lines.filter((line) => line.event === event)
export const findingsOf = (run: Pick<FakeRuntime, "lines">) =>
  linesOf(run, "integrity.finding").map(({ event, ...finding }) => finding)

/** Stops a run at its writing of so many positions: before the write, as a Lambda that is out of time. */
export function stoppingAt(table: Table, write: number): Table {
  let writes = 0
  return {
    ...table,
    transact: async (steps) => {
      writes += 1
      if (writes >= write) throw new Unavailable("stopped")
      return table.transact(steps)
    },
  }
}

export const clean = {
  "orphaned-token": 0,
  "token-without-guard": 0,
  "guard-without-token": 0,
  "token-count": 0,
  "account-without-user-id-guard": 0,
  "account-without-email-guard": 0,
  "account-without-binding-guard": 0,
  "administrator-count": 0,
}
