import { awsRequest } from "../../../../functions/aws-request.ts"
import { accountFrom, bearerOf, decide, keysOf, tokenFrom } from "./job.mjs"

/** What suggests itself for last_used: an update that nobody waits for. */
const request = awsRequest("dynamodb", process.env)
const { TABLE_NAME } = process.env
const keyOf = ({ PK, SK }) => ({ PK: { S: PK }, SK: { S: SK } })

export async function handler(event) {
  const bearer = bearerOf(event)
  const Keys = keysOf(bearer).map(keyOf)
  const { Responses } = await request("BatchGetItem", {
    RequestItems: { [TABLE_NAME]: { Keys, ConsistentRead: true } },
  })
  const [token, account] = Keys.map(({ PK }) => Responses[TABLE_NAME].find((row) => row.PK.S === PK.S))
  const answer = decide(event, bearer, token && withDigest(token), accountFrom(account))
  request("UpdateItem", {
    TableName: TABLE_NAME,
    Key: keyOf({ PK: "USES", SK: "U" }),
    UpdateExpression: "ADD uses :one",
    ExpressionAttributeValues: { ":one": { N: "1" } },
  }).catch(() => {})
  return answer
}

/** In DynamoDB's JSON bytes are base64; the SDK would have decoded them. */
function withDigest(row) {
  const token = tokenFrom(row)
  token.current.digest = Buffer.from(token.current.digest, "base64")
  return token
}
