import { ResponseType, type RestApi } from "aws-cdk-lib/aws-apigateway"
import { type ProblemCode, problems, retryAfterSeconds } from "../shared/contract/problems.ts"

/**
 * API Gateway's own answers, as problems. Templates are plain substitution. `$context.error.message` stands in none: for an
 * unknown path it would repeat the Authorization header.
 */
export function addGatewayResponses(api: RestApi): void {
  const challenge = (parameters: string) => ({ "WWW-Authenticate": `'Bearer realm="api"${parameters}'` })
  const retry = { "Retry-After": `'${retryAfterSeconds}'` }
  const instance = "$context.extendedRequestId"
  const of = (code: ProblemCode) => ({ type: `/api/problems/${code}`, ...problems[code], instance })

  const answers: [id: string, type: ResponseType, body: object, headers: Record<string, string>, status?: number][] = [
    ["NoCredential", ResponseType.UNAUTHORIZED, of("authentication-required"), challenge(""), 401],
    [
      // A refused credential: the authorizer has said which, from a closed list.
      "Refused",
      ResponseType.ACCESS_DENIED,
      {
        type: "/api/problems/$context.authorizer.code",
        title: "$context.authorizer.title",
        status: 401,
        detail: "$context.authorizer.detail",
        instance,
      },
      challenge(', error="invalid_token"'),
      401,
    ],
    ["AuthorizerFailure", ResponseType.AUTHORIZER_FAILURE, of("auth-unavailable"), retry, 503],
    ["AuthorizerConfiguration", ResponseType.AUTHORIZER_CONFIGURATION_ERROR, of("auth-unavailable"), retry, 503],
    ["UnknownPath", ResponseType.MISSING_AUTHENTICATION_TOKEN, of("not-found"), {}, 404],
    ["InvalidSignature", ResponseType.INVALID_SIGNATURE, of("not-found"), {}, 404],
    ["UnknownResource", ResponseType.RESOURCE_NOT_FOUND, of("not-found"), {}, 404],
    ["Throttled", ResponseType.THROTTLED, of("too-many-requests"), retry, 429],
    ["IntegrationFailure", ResponseType.INTEGRATION_FAILURE, of("service-unavailable"), retry, 503],
    // A Lambda that crashed, or ran out of time.
    ["BrokenIntegration", ResponseType.API_CONFIGURATION_ERROR, of("service-unavailable"), retry, 503],
    ["IntegrationTimeout", ResponseType.INTEGRATION_TIMEOUT, of("service-unavailable"), retry, 503],
    // These stand for many statuses, so they set none, and their bodies name none.
    ["Default4xx", ResponseType.DEFAULT_4XX, { type: "about:blank", title: "Request refused", instance }, {}],
    ["Default5xx", ResponseType.DEFAULT_5XX, { type: "about:blank", title: "Service unavailable", instance }, retry],
  ]
  for (const [id, type, body, headers, status] of answers)
    api.addGatewayResponse(id, {
      type,
      ...(status !== undefined && { statusCode: String(status) }),
      responseHeaders: {
        ...headers,
        "Cache-Control": "'no-store'",
        "Content-Type": "'application/problem+json'",
        "X-Content-Type-Options": "'nosniff'",
      },
      templates: { "application/json": JSON.stringify(body) },
    })
}
