import { randomUUID } from "node:crypto"
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { DynamoDBDocumentClient, PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb"
import { createTable, type Table } from "../shared/store/dynamodb.ts"
import { indexes, type Key, tableKeys } from "../shared/store/table.ts"

export interface TestTable {
  name: string
  endpoint: string
  client: DynamoDBDocumentClient
  table: Table
  /** Writes a row past all rules. */
  put: (item: Key & Record<string, unknown>) => Promise<void>
  /** Every row. */
  dump: () => Promise<(Key & Record<string, unknown>)[]>
}

export const credentials = { accessKeyId: "test", secretAccessKey: "test" }

export const testClient = (endpoint: string, maxAttempts = 3): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region: "us-east-1", credentials, maxAttempts }), {
    marshallOptions: { removeUndefinedValues: true },
  })

/** A new table in an engine, with the product's key design. */
export async function createTableAt(endpoint: string, name = `test-${randomUUID()}`): Promise<TestTable> {
  const { client, ...table } = tableAt(endpoint, name)
  const keySchema = ({ partition, sort }: { partition: string; sort: string }) => [
    { AttributeName: partition, KeyType: "HASH" as const },
    { AttributeName: sort, KeyType: "RANGE" as const },
  ]
  const attributes = [tableKeys, ...Object.values(indexes)].flatMap(({ partition, sort }) => [partition, sort])
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: attributes.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: keySchema(tableKeys),
      GlobalSecondaryIndexes: Object.entries(indexes).map(([IndexName, keys]) => ({
        IndexName,
        KeySchema: keySchema(keys),
        Projection: { ProjectionType: "KEYS_ONLY" },
      })),
    }),
  )
  return { client, ...table }
}

/** One that is there already. */
export function tableAt(endpoint: string, name: string): TestTable {
  const client = testClient(endpoint)
  return { name, endpoint, client, table: createTable(client, name), ...rows(client, name) }
}

export function rows(client: DynamoDBDocumentClient, name: string): Pick<TestTable, "put" | "dump"> {
  return {
    put: async (item) => {
      await client.send(new PutCommand({ TableName: name, Item: item }))
    },
    dump: async () => {
      const found: (Key & Record<string, unknown>)[] = []
      let from: Record<string, unknown> | undefined
      do {
        const page = await client.send(
          new ScanCommand({ TableName: name, ConsistentRead: true, ExclusiveStartKey: from }),
        )
        found.push(...((page.Items ?? []) as typeof found))
        from = page.LastEvaluatedKey
      } while (from)
      return found
    },
  }
}
