import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb"
import { type TestTable, testClient } from "./table-at.ts"

export interface Consumed {
  CapacityUnits?: number
}

export interface Tally {
  calls: number
  units: number
}

const reading = new Set(["GetItemCommand", "BatchGetItemCommand", "QueryCommand", "ScanCommand"])

/** A client of a test's table that adds up its calls and the capacity units that they consume: reads, writes, and all units. */
export function countingCapacity({ endpoint }: Pick<TestTable, "endpoint">): {
  client: DynamoDBDocumentClient
  units: () => number
  reads: () => Tally
  writes: () => Tally
} {
  const client = testClient(endpoint)
  const reads = { calls: 0, units: 0 }
  const writes = { calls: 0, units: 0 }
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: "TOTAL" } as never })
        const { ConsumedCapacity } = result.output as { ConsumedCapacity?: Consumed | Consumed[] }
        if (!ConsumedCapacity) throw new Error("the engine tells no capacity")
        const tally = reading.has(commandName as string) ? reads : writes
        tally.calls += 1
        for (const { CapacityUnits = 0 } of [ConsumedCapacity].flat()) tally.units += CapacityUnits
        return result
      },
    { step: "initialize", priority: "low" },
  )
  return { client, units: () => reads.units + writes.units, reads: () => ({ ...reads }), writes: () => ({ ...writes }) }
}
