import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb"
import { type TestTable, testClient } from "./tables.ts"

interface Consumed {
  CapacityUnits?: number
}

/** A client of a test's table that adds up the capacity units, of reads and of writes, which each of its calls consumes. */
export function countingCapacity({ endpoint }: TestTable): { client: DynamoDBDocumentClient; units: () => number } {
  const client = testClient(endpoint)
  let units = 0
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: "TOTAL" } as never })
      const { ConsumedCapacity } = result.output as { ConsumedCapacity?: Consumed | Consumed[] }
      if (!ConsumedCapacity) throw new Error("the engine tells no capacity")
      for (const { CapacityUnits = 0 } of [ConsumedCapacity].flat()) units += CapacityUnits
      return result
    },
    { step: "initialize", priority: "low" },
  )
  return { client, units: () => units }
}
