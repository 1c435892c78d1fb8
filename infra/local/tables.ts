import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb"
import type { Assembly, Properties } from "./template.ts"

/** Makes the template's tables in the engine, or checks that those of the file are the same. */
export async function createTables(assembly: Assembly, endpoint: string): Promise<void> {
  const client = new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  })
  try {
    for (const resource of assembly.ofType("AWS::DynamoDB::GlobalTable")) {
      const { TableName, KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, StreamSpecification } =
        assembly.resolved(resource)
      const wanted = { TableName, KeySchema, AttributeDefinitions, GlobalSecondaryIndexes }
      try {
        const { StreamViewType } = StreamSpecification
        await client.send(
          new CreateTableCommand({
            ...wanted,
            BillingMode: "PAY_PER_REQUEST",
            StreamSpecification: { StreamEnabled: true, StreamViewType },
          }),
        )
      } catch (error) {
        if ((error as Error).name !== "ResourceInUseException") throw error
        const { Table } = await client.send(new DescribeTableCommand({ TableName }))
        if (keysOf(Table as Properties) !== keysOf(wanted))
          throw new Error(`the keys of table ${TableName} have changed since its file was made: npm start -- --fresh`)
      }
    }
  } finally {
    client.destroy()
  }
}

/** Key schema and indexes, comparable. */
function keysOf({ KeySchema, GlobalSecondaryIndexes = [] }: Properties): string {
  const keys = (schema: Properties[]) => schema.map(({ AttributeName }) => AttributeName).join("/")
  const indexes = GlobalSecondaryIndexes.map((index: Properties) => `${index.IndexName}:${keys(index.KeySchema)}`)
  return [keys(KeySchema), ...indexes.sort()].join(" ")
}
