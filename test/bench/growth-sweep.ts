import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb"
import { system } from "../../shared/store/audit.ts"
import { createTable } from "../../shared/store/dynamodb.ts"
import { type AuditItem, auditKey } from "../../shared/store/table.ts"
import { sweepUnusedTokens } from "../../shared/store/unused.ts"
import { encodeId } from "../../shared/token/format.ts"
import { countingCapacity } from "../capacity.ts"
import { fakeRuntime, frozenClock } from "../fakes.ts"
import type { LoadedFleet } from "./growth-loader.ts"
import { fleetNow, idleAccountId, idleTokens, type Row } from "./growth-rows.ts"
import type { Subject } from "./measure.ts"

/** How many tokens a sweep finds. */
export interface Idle {
  /** Not used for 91 days. */
  due: number
  /** Not used for 89 and a half: they are next, and half of them stand in the index where only their row can tell. */
  soon: number
}

const rowsOf = ({ due, soon }: Idle): Row[] => [...idleTokens(due, 91), ...idleTokens(soon, 89.5)]

/** The sweep on the fleet's table, with these tokens in it, which are gone afterwards: the next one finds the same. */
export function sweepSubject(name: string, { table }: LoadedFleet, idle: Idle): Subject {
  const { client, reads, writes } = countingCapacity(table)
  const runtime = fakeRuntime(createTable(client, table.name), frozenClock(fleetNow))
  return {
    name,
    once: async () => {
      await putRows(table, rowsOf(idle))
      const [read, wrote] = [reads(), writes()]
      const start = performance.now()
      const { flagged } = await sweepUnusedTokens(runtime, system("flag-unused-tokens", "B9"))
      const milliseconds = performance.now() - start
      await forget(table, idle)
      if (flagged !== idle.due) throw new Error(`the sweep has flagged ${flagged} of ${idle.due}`)
      return {
        flagged,
        calls: reads().calls - read.calls,
        units: reads().units - read.units,
        written: writes().units - wrote.units,
        milliseconds,
      }
    },
  }
}

type Target = LoadedFleet["table"]

/** The idle tokens and what the trail says of them; also after a run that was stopped. */
export async function forget(table: Target, idle: Idle): Promise<void> {
  const { PK: partition } = auditKey(`ACC${encodeId(idleAccountId)}`, "")
  for (;;) {
    const events = await table.table.queryDown<AuditItem>({ partition, least: "0", most: "~", limit: 500 })
    if (events.length === 0) break
    await deleteRows(table, events)
  }
  await deleteRows(table, rowsOf(idle))
}

const putRows = (table: Target, rows: readonly Row[]) =>
  write(
    table,
    rows.map((Item) => ({ PutRequest: { Item } })),
  )

const deleteRows = (table: Target, rows: readonly Row[]) =>
  write(
    table,
    rows.map(({ PK, SK }) => ({ DeleteRequest: { Key: { PK, SK } } })),
  )

type Write = { PutRequest: { Item: Row } } | { DeleteRequest: { Key: Row } }

/** DynamoDB's most in one call. */
const batch = 25

async function write({ client, name }: Target, all: readonly Write[]): Promise<void> {
  for (let start = 0; start < all.length; start += batch)
    await client.send(new BatchWriteCommand({ RequestItems: { [name]: all.slice(start, start + batch) } }))
}
