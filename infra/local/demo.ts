import { gzipSync } from "node:zlib"
import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb"
import { type Client, createClient } from "../../shared/contract/client.ts"
import type { Role } from "../../shared/contract/permissions.ts"
import { expiryListing, tokenKey } from "../../shared/store/table.ts"
import type { LocalStack } from "./stack.ts"

/**
 * `npm start -- --demo`: teams, accounts, and tokens of every status and flag, so that each screen of the console has something
 * to show. Made through the API as far as it goes; what lies in the past is made by the job that records uses, and one row by hand.
 */
export async function seedDemo(stack: LocalStack, admin: Client): Promise<void> {
  // Once: a second run finds the first one's.
  const { items } = await admin["users/list"]({ query: { user_type: "Service", limit: 1 } })
  if (items.length > 0) return
  for (const name of ["Data Engineering", "Data Quality", "Analytics", "Finance Data"])
    await admin["teams/create"]({ body: { name } })
  for (const account of accounts) await seedAccount(stack, admin, account)
  // Or the access review would say that nobody has looked for orphaned tokens yet.
  await stack.runJob("check-integrity", {})
}

interface DemoToken {
  name: string
  expiration: string
  usedDaysAgo?: number
  fate?: "revoke" | "expire" | "rotate" | "overlap"
}

interface DemoAccount {
  name: string
  role: Role
  teams?: string[]
  purpose?: string
  tokens: DemoToken[]
  isDeactivated?: true
}

const day = 86_400_000
const inDays = (days: number): string => new Date(Date.now() + days * day).toISOString()

const accounts: readonly DemoAccount[] = [
  {
    name: "Alation Sync",
    role: "Manager",
    teams: ["Data Engineering", "Analytics", "Finance Data"],
    purpose: "Keeps the Alation catalog in step with datastores and containers",
    tokens: [
      { name: "alation-sync-production", expiration: "1y", usedDaysAgo: 0.1 },
      { name: "alation-sync-staging", expiration: inDays(12), usedDaysAgo: 2 },
    ],
  },
  {
    name: "Nightly Loader",
    role: "Editor",
    teams: ["Data Engineering"],
    purpose: "Loads the warehouse every night, on the batch cluster",
    tokens: [
      { name: "loader-production", expiration: "1y", usedDaysAgo: 0.4, fate: "overlap" },
      { name: "loader-2025", expiration: "90d", usedDaysAgo: 130, fate: "revoke" },
      { name: "loader-development", expiration: "90d" },
    ],
  },
  {
    name: "Quality Dashboard",
    role: "Member",
    teams: ["Data Quality"],
    purpose: "Reads results for the dashboard on the office wall",
    tokens: [{ name: "dashboard-production", expiration: "1y", usedDaysAgo: 0.01, fate: "rotate" }],
  },
  {
    name: "CLI Automation",
    role: "Editor",
    teams: ["Data Quality", "Data Engineering"],
    tokens: [
      { name: "cli-automation-dev", expiration: inDays(3), usedDaysAgo: 5 },
      { name: "cli-automation-2025", expiration: "30d", usedDaysAgo: 40, fate: "expire" },
    ],
  },
  {
    name: "Atlan Catalog",
    role: "Manager",
    teams: ["Finance Data"],
    purpose: "Reads datastores for the Atlan catalog",
    tokens: [{ name: "atlan-catalog-prod", expiration: "never", usedDaysAgo: 96 }],
  },
  {
    name: "Platform Bootstrap",
    role: "Admin",
    purpose: "Sets up teams and accounts of a new region",
    tokens: [{ name: "bootstrap", expiration: "60d", usedDaysAgo: 120 }],
  },
  {
    name: "Legacy Export",
    role: "Member",
    tokens: [{ name: "export-production", expiration: "1y", usedDaysAgo: 200 }],
    isDeactivated: true,
  },
]

async function seedAccount(stack: LocalStack, admin: Client, account: DemoAccount): Promise<void> {
  const { tokens, isDeactivated, ...body } = account
  const { id, user_id } = await admin["users/create"]({ body })
  for (const token of tokens) await seedToken(stack, admin, { id, user_id }, token)
  if (isDeactivated)
    await admin["users/update"]({ id, body: { active: false, reason: "The export was replaced by Alation Sync" } })
}

async function seedToken(
  stack: LocalStack,
  admin: Client,
  owner: { id: number; user_id: string },
  { name, expiration, usedDaysAgo, fate }: DemoToken,
): Promise<void> {
  const { id, bearer_token } = await admin["user-tokens/create"]({
    body: { name, type: "Service", user_id: owner.user_id, expiration },
  })
  if (usedDaysAgo !== undefined) await stack.runJob("record-usage", usage(owner.id, id, Date.now() - usedDaysAgo * day))
  if (fate === "revoke") await admin["user-tokens/update"]({ id, body: { active: false, reason: "Replaced" } })
  if (fate === "expire") await expire(stack, id)
  if (fate !== "rotate" && fate !== "overlap") return
  const rotated = await admin["user-tokens/rotate"]({ id, body: {}, idempotencyKey: `demo-${id}` })
  if (fate === "overlap") for (const token of [rotated.bearer_token, bearer_token]) await use(stack, token)
}

/** What the log delivers of a token that was used. */
function usage(accountId: number, tokenId: number, at: number): object {
  const line = {
    event: "token.used",
    at,
    accountId,
    tokenId,
    network: "203.0.113.0/24",
    matched: "current",
    generation: 1,
  }
  const logEvents = [{ id: "1", timestamp: at, message: JSON.stringify(line) }]
  return { awslogs: { data: gzipSync(JSON.stringify({ logEvents })).toString("base64") } }
}

const use = (stack: LocalStack, token: string) => createClient(stack.url, () => token)["users/me"]({})

/** No way of the API makes a token of yesterday: its row is moved there. */
async function expire(stack: LocalStack, id: number): Promise<void> {
  const expiresAt = Date.now() - 2 * day
  const { expiryPK, expirySK } = expiryListing(id, expiresAt)
  const table = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      endpoint: stack.engineEndpoint,
      region: "local",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    }),
  )
  await table.send(
    new UpdateCommand({
      TableName: "symbolon-local",
      Key: tokenKey(id),
      UpdateExpression: "SET expiresAt = :at, expiryPK = :pk, expirySK = :sk",
      ExpressionAttributeValues: { ":at": expiresAt, ":pk": expiryPK, ":sk": expirySK },
    }),
  )
  table.destroy()
}
