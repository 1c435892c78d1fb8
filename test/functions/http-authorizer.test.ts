import type { APIGatewayRequestAuthorizerEventV2 } from "aws-lambda"
import { beforeEach, expect, test } from "vitest"
import type { Ports } from "../../functions/authorize.ts"
import { type AwsRequest, awsRequest } from "../../functions/aws-request.ts"
import { httpAuthorizer } from "../../functions/http-authorize.ts"
import { isAllowed } from "../../infra/local/policy.ts"
import { secretCache } from "../../shared/secret-cache.ts"
import { createToken, updateToken } from "../../shared/store/tokens.ts"
import { createUser } from "../../shared/store/users.ts"
import { parseUsageLine } from "../../shared/token/usage-line.ts"
import { anAdmin } from "../builders.ts"
import { type FakeRuntime, fakeRuntime, frozenClock, testKeyring } from "../fakes.ts"
import { createTestTable, credentials, type TestTable } from "../tables.ts"

/** What an HTTP API sends, and what it makes of the answer: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html */
let table: TestTable
let runtime: FakeRuntime
let lines: Record<string, unknown>[]

beforeEach(async () => {
  table ??= await createTestTable()
  runtime = fakeRuntime(table.table, frozenClock())
  runtime.randomBytes = (size) => crypto.getRandomValues(new Uint8Array(size))
  lines = []
})

const ports = (dynamodb?: AwsRequest): Ports => ({
  now: runtime.now,
  tableName: table.name,
  stage: "test",
  dynamodb:
    dynamodb ??
    awsRequest("dynamodb", {
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
    }),
  secrets: secretCache(async () => ({ keyring: testKeyring(), edge: "the-edge-secret-0123456789" }), runtime.now),
  write: (line) => void lines.push(line as Record<string, unknown>),
})

const routeArn = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/$default/GET/orders/17"

/** Names in lower case, and repeated headers joined by a comma, as an HTTP API hands them on. */
const eventOf = (headers?: Record<string, string>): APIGatewayRequestAuthorizerEventV2 => ({
  version: "2.0",
  type: "REQUEST",
  routeArn,
  identitySource: [],
  routeKey: "GET /orders/{id}",
  rawPath: "/orders/17",
  rawQueryString: "",
  cookies: [],
  ...(headers && { headers }),
  requestContext: {
    accountId: "123456789012",
    apiId: "abcdef1234",
    domainName: "abcdef1234.execute-api.us-east-1.amazonaws.com",
    domainPrefix: "abcdef1234",
    http: { method: "GET", path: "/orders/17", protocol: "HTTP/1.1", sourceIp: "203.0.113.7", userAgent: "curl" },
    requestId: "JKJaXmPLvHcESHA=",
    routeKey: "GET /orders/{id}",
    stage: "$default",
    time: "23/Nov/2026:12:00:00 +0000",
    timeEpoch: 1_795_435_200_000,
  },
  pathParameters: { id: "17" },
})

const answerTo = (headers?: Record<string, string>) => httpAuthorizer(ports())(eventOf(headers))
/** True: 200. A code: 403. */
const outcome = async (headers?: Record<string, string>) => {
  const { policyDocument, context } = await answerTo(headers)
  return isAllowed(policyDocument as Parameters<typeof isAllowed>[0], routeArn) || context?.code
}

async function aToken() {
  const name = `n ${crypto.randomUUID()}`
  const { user } = await createUser(runtime, anAdmin(), { user_type: "Service", name, role: "Editor", teams: [] })
  const body = { name: "t", type: "Service" as const, user_id: user.user_id, expiration: "30d", allowed_cidrs: [] }
  return { user, token: await createToken(runtime, anAdmin(), "all", body) }
}

test("a good token is allowed, with the caller's context, and recorded as on a REST API", async () => {
  const { user, token } = await aToken()
  const authorization = `Bearer ${token.bearer_token}`
  expect(await outcome({ authorization })).toBe(true)
  expect((await answerTo({ authorization })).context).toEqual({
    accountId: user.id,
    userId: user.user_id,
    userType: "Service",
    role: "Editor",
    teams: "",
    tokenId: token.id,
    handle: token.handle,
    clientAddress: "203.0.113.7",
    expiresAt: Date.parse(token.expiration as string),
  })
  expect(lines.at(-1)).toMatchObject({
    event: "token.used",
    apiId: "abcdef1234",
    requestId: "JKJaXmPLvHcESHA=",
    route: "GET /orders/{id}",
    userAgent: "curl",
  })
  expect(parseUsageLine(JSON.stringify(lines.at(-1)))).toMatchObject({ tokenId: token.id, network: "203.0.113.0/24" })
})

test.each([
  ["no header at all", undefined],
  ["no Authorization", { "x-thing": "1" }],
  ["a blank one", { authorization: " " }],
])("%s is a Deny, since a throw would be a 500 there", async (_, headers) => {
  expect(await outcome(headers)).toBe("authentication-required")
  expect(lines).toMatchObject([{ event: "token.missing" }])
})

test("garbage, a token that was cut short, and two values joined by a comma are all invalid-token", async () => {
  const { token } = await aToken()
  const bearer = `Bearer ${token.bearer_token}`
  for (const authorization of [
    "x",
    "Bearer x",
    bearer.slice(0, -1),
    `${bearer},${bearer}`,
    `${bearer}, ${bearer}`,
    ",",
  ])
    expect([authorization.length, await outcome({ authorization })]).toEqual([authorization.length, "invalid-token"])
  expect(JSON.stringify(lines)).not.toContain(token.bearer_token.slice(30, 40))
})

test("a revoked token is a Deny on the very next request", async () => {
  const { token } = await aToken()
  const authorization = `Bearer ${token.bearer_token}`
  expect(await outcome({ authorization })).toBe(true)
  await updateToken(runtime, anAdmin(), "all", token.id, { active: false })
  expect(await outcome({ authorization })).toBe("token-revoked")
})

test("a fault throws, which is a 500 there, and never a Deny", async () => {
  const { token } = await aToken()
  const broken = ports(() => Promise.reject(new Error("dynamodb answered 500")))
  const event = eventOf({ authorization: `Bearer ${token.bearer_token}` })
  await expect(httpAuthorizer(broken)(event)).rejects.toThrow("dynamodb answered 500")
  expect(lines).toMatchObject([{ event: "verification.failed" }])
})

test("the address is the connection's, whatever the headers say", async () => {
  const { token } = await aToken()
  const authorization = `Bearer ${token.bearer_token}`
  const forged = { "x-forwarded-for": "192.0.2.1", "x-symbolon-viewer": "192.0.2.1", "x-symbolon-edge": "guessed" }
  expect((await answerTo({ authorization, ...forged })).context?.clientAddress).toBe("203.0.113.7")
})
