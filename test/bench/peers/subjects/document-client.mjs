import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { BatchGetCommand, DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb"
import { bearerOf, decide, keysOf } from "./job.mjs"

/** @aws-sdk/lib-dynamodb over its client; the key comes from the environment. */
const client = DynamoDBDocumentClient.from(new DynamoDBClient())
const { TABLE_NAME } = process.env

export async function handler(event) {
  const bearer = bearerOf(event)
  const Keys = keysOf(bearer)
  const { Responses } = await client.send(
    new BatchGetCommand({ RequestItems: { [TABLE_NAME]: { Keys, ConsistentRead: true } } }),
  )
  const row = ({ PK }) => Responses[TABLE_NAME].find((found) => found.PK === PK)
  return decide(event, bearer, row(Keys[0]), row(Keys[1]))
}
