import { Logger } from "@aws-lambda-powertools/logger"
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware"
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics"
import { logMetrics } from "@aws-lambda-powertools/metrics/middleware"
import { parser } from "@aws-lambda-powertools/parser/middleware"
import { Tracer } from "@aws-lambda-powertools/tracer"
import { captureLambdaHandler } from "@aws-lambda-powertools/tracer/middleware"
import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb"
import middy from "@middy/core"
import httpErrorHandler from "@middy/http-error-handler"
import httpEventNormalizer from "@middy/http-event-normalizer"
import httpHeaderNormalizer from "@middy/http-header-normalizer"
import { z } from "zod"

/**
 * GET /users/{id} as a team that follows the documentation of each writes it: document client, middy with the middleware that its
 * documentation recommends for HTTP, zod, powertools. Ours does more than this: roles, teams, an ETag, when the caller's token ends.
 */
const logger = new Logger({ serviceName: "users" })
const metrics = new Metrics({ namespace: "users", serviceName: "users" })
const tracer = new Tracer({ serviceName: "users" })
const client = DynamoDBDocumentClient.from(tracer.captureAWSv3Client(new DynamoDBClient()))
const { TABLE_NAME: TableName } = process.env

const Event = z.object({
  pathParameters: z.object({ id: z.coerce.number().int().positive() }),
  requestContext: z.object({
    requestId: z.string(),
    authorizer: z.object({ userId: z.string(), role: z.enum(["Member", "Editor", "Manager", "Admin"]) }),
  }),
})
const User = z.object({
  id: z.number(),
  userId: z.string(),
  userType: z.enum(["Service", "User"]),
  name: z.string(),
  email: z.string().optional(),
  role: z.enum(["Member", "Editor", "Manager", "Admin"]),
  teams: z.array(z.string()),
  state: z.enum(["ACTIVE", "INACTIVE", "DELETING"]),
  createdAt: z.number(),
})

/** `before`: what else there is to do before the table is asked. */
export const endpointWith = (before) =>
  middy()
    .use(injectLambdaContext(logger))
    .use(captureLambdaHandler(tracer))
    .use(logMetrics(metrics))
    .use(httpEventNormalizer())
    .use(httpHeaderNormalizer())
    .use(httpErrorHandler())
    .use(parser({ schema: Event }))
    .handler(async ({ pathParameters: { id }, requestContext }) => {
      await before?.()
      const Key = { PK: `USER#${id}`, SK: "USER" }
      const { Item } = await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }))
      if (!Item) return { statusCode: 404, body: JSON.stringify({ message: "not found" }) }
      logger.info("shown", { caller: requestContext.authorizer.userId })
      metrics.addMetric("shown", MetricUnit.Count, 1)
      return {
        statusCode: 200,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(User.parse(Item)),
      }
    })

export const handler = endpointWith()
