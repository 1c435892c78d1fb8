import type {
  APIGatewayAuthorizerResult,
  APIGatewayRequestAuthorizerEvent,
  APIGatewayRequestAuthorizerEventV2,
} from "aws-lambda"
import { authorizer, type Ports } from "./authorize.ts"

/**
 * The authorizer behind an HTTP API, whose events have the payload format 2.0. There, AWS answers 403 to any refusal and 500
 * to a throw, and neither can be changed: so a missing credential is refused like all the others, and only a fault throws.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
 */
export const httpAuthorizer = (ports: Ports) => {
  const authorize = authorizer(ports)
  return async (event: APIGatewayRequestAuthorizerEventV2): Promise<APIGatewayAuthorizerResult> => {
    try {
      return await authorize(requestEvent(event))
    } catch (error) {
      if ((error as Error).message !== "Unauthorized") throw error
      return {
        principalId: "refused",
        policyDocument: {
          Version: "2012-10-17",
          Statement: [{ Action: "execute-api:Invoke", Effect: "Deny", Resource: "*" }],
        },
        // For the API's access log: nobody else gets to see it.
        context: { code: "authentication-required" },
      }
    }
  }
}

/** What a REST API would have sent. Of a repeated header, an HTTP API joins the values with commas: no token has one. */
function requestEvent({
  routeArn,
  routeKey,
  rawPath,
  headers,
  requestContext,
}: APIGatewayRequestAuthorizerEventV2): APIGatewayRequestAuthorizerEvent {
  const { method, sourceIp, userAgent } = requestContext.http
  const values = Object.entries(headers ?? {}).map(([name, value]) => [name, value === undefined ? [] : [value]])
  return {
    // Stryker disable next-line StringLiteral: an event has it, and nothing reads it
    type: "REQUEST",
    methodArn: routeArn,
    // Of `GET /orders/{id}` the path; `$default`, which takes what no other route does, has none.
    resource: routeKey.split(" ").at(-1),
    path: rawPath,
    httpMethod: method,
    headers: headers ?? {},
    multiValueHeaders: Object.fromEntries(values),
    requestContext: {
      apiId: requestContext.apiId,
      requestId: requestContext.requestId,
      identity: { sourceIp, userAgent },
    },
  } as unknown as APIGatewayRequestAuthorizerEvent
}
