import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { authorizer } from "../../functions/authorize.ts"
import { awsRequest } from "../../functions/aws-request.ts"
import { secretCache } from "../../shared/secret-cache.ts"
import { testKeyring } from "../fakes.ts"
import { credentials, type TestTable } from "../table-at.ts"

/** The authorizer itself, with its hand-signed requests to the engine. */
export function verifier(
  table: Pick<TestTable, "name" | "endpoint">,
  bearerToken: string,
): () => Promise<"accepted" | "refused"> {
  const env = {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
  }
  const authorize = authorizer({
    now: Date.now,
    tableName: table.name,
    stage: "test",
    dynamodb: awsRequest("dynamodb", env),
    secrets: secretCache(async () => ({ keyring: testKeyring(), edge: "edge" }), Date.now),
    write: () => {},
  })
  const event = {
    methodArn: "arn:aws:execute-api:us-east-1:1:api/api/GET/x",
    multiValueHeaders: { Authorization: [`Bearer ${bearerToken}`] },
    requestContext: { identity: { sourceIp: "203.0.113.7" } },
  } as unknown as APIGatewayRequestAuthorizerEvent
  return async () => {
    const { policyDocument } = await authorize(event)
    return (policyDocument.Statement[0] as { Effect: string }).Effect === "Allow" ? "accepted" : "refused"
  }
}
