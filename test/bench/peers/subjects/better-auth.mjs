import { betterAuth } from "better-auth"
import { awsRequest } from "../../../../functions/aws-request.ts"
import { optionsWith } from "./better-auth-options.mjs"
import { policy } from "./job.mjs"

/**
 * better-auth over the table as its secondary storage, through our own hand-signed requests, the fastest there are: what it takes
 * longer is its own logic and its own round trips.
 */
const request = awsRequest("dynamodb", process.env)
const { TABLE_NAME: TableName } = process.env
const keyOf = (key) => ({ PK: { S: `KV#${key}` }, SK: { S: "KV" } })

export const storage = {
  get: async (key) => {
    const { Item } = await request("GetItem", { TableName, Key: keyOf(key), ConsistentRead: true })
    return Item?.value.S ?? null
  },
  set: async (key, value) => {
    await request("PutItem", { TableName, Item: { ...keyOf(key), value: { S: value } } })
  },
  delete: async (key) => {
    await request("DeleteItem", { TableName, Key: keyOf(key) })
  },
}
export const auth = betterAuth(optionsWith(storage))

export async function handler(event) {
  const { valid } = await auth.api.verifyApiKey({ body: { key: process.env.API_KEY } })
  return policy(valid ? "Allow" : "Deny", event, "x", {})
}
