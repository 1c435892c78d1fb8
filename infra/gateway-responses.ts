import { GatewayResponse, type IRestApi, ResponseType } from "aws-cdk-lib/aws-apigateway"
import type { Construct } from "constructs"
import { answerHeaders, ownAnswerHeaders } from "../shared/contract/answer-headers.ts"
import { type ProblemCode, problems, problemUrn, retryAfterSeconds } from "../shared/contract/problems.ts"

type Answer = [id: string, type: ResponseType, body: object, headers: Record<string, string>, status?: number]

const retry = { "Retry-After": `'${retryAfterSeconds}'` }
const instance = "$context.extendedRequestId"
const problemOf = (type: string, code: ProblemCode) => ({ type, ...problems[code], instance })

/**
 * API Gateway's own answers, as problems. Templates are plain substitution. `$context.error.message` stands in none: for an
 * unknown path it would repeat the Authorization header.
 */
export function addGatewayResponses(api: IRestApi & Construct): void {
  const typeOf = (code: string) => `/api/problems/${code}`
  const of = (code: ProblemCode) => problemOf(typeOf(code), code)
  add(api, api, ownAnswerHeaders, [
    ...credentialAnswers(typeOf),
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
  ])
}

/** Of these, what an API of another team answers about credentials. The rest of its answers is its own. */
export const addCredentialResponses = (scope: Construct, api: IRestApi): void =>
  add(scope, api, answerHeaders, credentialAnswers(problemUrn))

function credentialAnswers(typeOf: (code: string) => string): Answer[] {
  const challenge = (parameters: string) => ({ "WWW-Authenticate": `'Bearer realm="api"${parameters}'` })
  const of = (code: ProblemCode) => problemOf(typeOf(code), code)
  return [
    ["NoCredential", ResponseType.UNAUTHORIZED, of("authentication-required"), challenge(""), 401],
    [
      // A refused credential: the authorizer has said which, from a closed list.
      "Refused",
      ResponseType.ACCESS_DENIED,
      {
        type: typeOf("$context.authorizer.code"),
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
  ]
}

function add(scope: Construct, restApi: IRestApi, always: Record<string, string>, answers: Answer[]): void {
  const quoted = Object.fromEntries(Object.entries(always).map(([header, value]) => [header, `'${value}'`]))
  for (const [id, type, body, headers, status] of answers)
    new GatewayResponse(scope, id, {
      restApi,
      type,
      ...(status !== undefined && { statusCode: String(status) }),
      responseHeaders: {
        ...headers,
        ...quoted,
        "Content-Type": "'application/problem+json'",
      },
      templates: { "application/json": JSON.stringify(body) },
    })
}
