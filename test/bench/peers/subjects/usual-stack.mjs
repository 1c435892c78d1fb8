import { createSecretKey } from "node:crypto"
import { Logger } from "@aws-lambda-powertools/logger"
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware"
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics"
import { logMetrics } from "@aws-lambda-powertools/metrics/middleware"
import { parser } from "@aws-lambda-powertools/parser/middleware"
import { Tracer } from "@aws-lambda-powertools/tracer"
import { captureLambdaHandler } from "@aws-lambda-powertools/tracer/middleware"
import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager"
import { BatchGetCommand, DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb"
import middy from "@middy/core"
import { z } from "zod"
import { bearerOf, decide, keysOf } from "./job.mjs"

/** What a team that follows the documentation of each writes: document client, middy, Secrets Manager, zod, powertools. */
const logger = new Logger({ serviceName: "authorizer" })
const metrics = new Metrics({ namespace: "authorizer", serviceName: "authorizer" })
const tracer = new Tracer({ serviceName: "authorizer" })
const client = DynamoDBDocumentClient.from(tracer.captureAWSv3Client(new DynamoDBClient()))
const secrets = new SecretsManagerClient()
const { TABLE_NAME, KEYRING_SECRET } = process.env

const Event = z.object({ type: z.literal("REQUEST"), methodArn: z.string(), headers: z.record(z.string(), z.string()) })
const Token = z.object({
  current: z.object({ digest: z.instanceof(Uint8Array), keyPath: z.string() }),
  state: z.enum(["ACTIVE", "REVOKED"]),
  epoch: z.number(),
  expiresAt: z.number().optional(),
})
const Account = z.object({
  userId: z.string(),
  role: z.enum(["Member", "Editor", "Manager", "Admin"]),
  teams: z.array(z.string()),
  state: z.enum(["ACTIVE", "INACTIVE", "DELETING"]),
  epoch: z.number(),
})

let key
async function secretKey() {
  if (key) return key
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: KEYRING_SECRET }))
  key = createSecretKey(Buffer.from(JSON.parse(SecretString).k1))
  return key
}

export const handler = middy()
  .use(injectLambdaContext(logger))
  .use(captureLambdaHandler(tracer))
  .use(logMetrics(metrics))
  .use(parser({ schema: Event }))
  .handler(async (event) => {
    const by = await secretKey()
    const bearer = bearerOf(event)
    const Keys = keysOf(bearer)
    const { Responses } = await client.send(
      new BatchGetCommand({ RequestItems: { [TABLE_NAME]: { Keys, ConsistentRead: true } } }),
    )
    const row = ({ PK }) => Responses[TABLE_NAME].find((found) => found.PK === PK)
    const answer = decide(event, bearer, Token.parse(row(Keys[0])), Account.parse(row(Keys[1])), by)
    logger.info("verified", { principal: answer.principalId })
    metrics.addMetric("Verified", MetricUnit.Count, 1)
    return answer
  })
