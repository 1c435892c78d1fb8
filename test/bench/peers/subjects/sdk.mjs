import { BatchGetItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { accountFrom, bearerOf, decide, keysOf, tokenFrom } from "./job.mjs"

/** @aws-sdk/client-dynamodb alone, its client made outside of the handler; the key comes from the environment. */
const client = new DynamoDBClient()
const { TABLE_NAME } = process.env

export async function handler(event) {
  const bearer = bearerOf(event)
  const Keys = keysOf(bearer).map(({ PK, SK }) => ({ PK: { S: PK }, SK: { S: SK } }))
  const { Responses } = await client.send(
    new BatchGetItemCommand({ RequestItems: { [TABLE_NAME]: { Keys, ConsistentRead: true } } }),
  )
  const row = (key) => Responses[TABLE_NAME].find(({ PK }) => PK.S === key.PK.S)
  return decide(event, bearer, tokenFrom(row(Keys[0])), accountFrom(row(Keys[1])))
}
