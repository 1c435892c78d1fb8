import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb"
import { Entity } from "electrodb"
import { bearerOf, decide } from "./job.mjs"

/** electrodb over the document client: two entities on the table, a get of each, at once. */
const client = DynamoDBDocumentClient.from(new DynamoDBClient())
const { TABLE_NAME: table } = process.env
const entity = (name, prefix, sort, attributes) =>
  new Entity(
    {
      model: { entity: name, version: "1", service: "symbolon" },
      attributes: { key: { type: "string" }, ...attributes },
      indexes: {
        primary: {
          pk: { field: "PK", composite: ["key"], template: `${prefix}#\${key}`, casing: "none" },
          sk: { field: "SK", composite: [], template: sort, casing: "none" },
        },
      },
    },
    { client, table },
  )
const state = { type: "string" }
const epoch = { type: "number" }
const Token = entity("token", "TOK", "T", { state, epoch, expiresAt: { type: "number" }, current: { type: "any" } })
const Account = entity("account", "ACC", "A", {
  ...{ state, epoch, userId: { type: "string" }, role: { type: "string" } },
  teams: { type: "list", items: { type: "string" } },
})

export async function handler(event) {
  const bearer = bearerOf(event)
  const options = { consistent: true, ignoreOwnership: true }
  const [token, account] = await Promise.all([
    Token.get({ key: bearer.slice(16, 25) }).go(options),
    Account.get({ key: bearer.slice(7, 16) }).go(options),
  ])
  return decide(event, bearer, token.data, account.data)
}
