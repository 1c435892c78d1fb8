import type { APIGatewayRequestAuthorizerEventV2 } from "aws-lambda"
import { beforeEach, expect, test } from "vitest"
import { httpAuthorizer } from "../../functions/http-authorize.ts"
import { accountId, bearer, handle, type KnownPorts, knownPorts, tokenId } from "../known-token.ts"

/** What it makes of an HTTP API's event, and of who has no credential. */
let ports: KnownPorts
beforeEach(() => {
  ports = knownPorts()
})

type Headers = Record<string, string | undefined>
const eventOf = (headers: Headers | undefined, routeKey = "GET /orders/{id}") =>
  ({
    version: "2.0",
    type: "REQUEST",
    routeArn: "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/$default/GET/orders/17",
    routeKey,
    rawPath: "/orders/17",
    headers,
    requestContext: {
      apiId: "abcdef1234",
      http: { method: "GET", path: "/orders/17", protocol: "HTTP/1.1", sourceIp: "203.0.113.7", userAgent: "curl" },
      requestId: "request",
    },
  }) as unknown as APIGatewayRequestAuthorizerEventV2
const answerTo = (headers?: Headers, routeKey?: string) => httpAuthorizer(ports)(eventOf(headers, routeKey))
const authorization = `Bearer ${bearer}`

test("a good token is allowed, and recorded with its route's template", async () => {
  expect(await answerTo({ authorization })).toEqual({
    principalId: "a@service",
    policyDocument: {
      Version: "2012-10-17",
      Statement: [
        {
          Action: "execute-api:Invoke",
          Effect: "Allow",
          Resource: "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/$default/GET/*",
        },
      ],
    },
    context: {
      ...{ accountId, userId: "a@service", userType: "Service", role: "Member", teams: "blue,red" },
      ...{ tokenId, handle, clientAddress: "203.0.113.7", expiresAt: undefined },
    },
  })
  expect(ports.lines).toEqual([
    {
      ...{ event: "token.used", at: ports.now(), apiId: "abcdef1234", requestId: "request", ip: "203.0.113.7" },
      ...{ route: "GET /orders/{id}", userAgent: "curl", network: "203.0.113.0/24", handle, accountId, tokenId },
      ...{ matched: "current", generation: 1 },
    },
  ])
})

test("who has no credential is denied, by a policy for nobody by name and for everything, with a code for the API's log", async () => {
  const none = [undefined, {}, { authorization: undefined }, { authorization: " " }, { "x-thing": authorization }]
  for (const headers of none)
    expect(await answerTo(headers)).toEqual({
      principalId: "refused",
      policyDocument: {
        Version: "2012-10-17",
        Statement: [{ Action: "execute-api:Invoke", Effect: "Deny", Resource: "*" }],
      },
      context: { code: "authentication-required" },
    })
  expect(ports.lines.map(({ event }) => event)).toEqual(none.map(() => "token.missing"))
})

test("the route that takes what no other does is told by its name", async () => {
  await answerTo({ authorization }, "$default")
  expect(ports.lines).toMatchObject([{ route: "GET $default" }])
})

test("the viewer's address counts where our own CDN proves it, and else the connection's", async () => {
  const headers = { authorization, "x-symbolon-viewer": "192.0.2.1" }
  expect((await answerTo(headers)).context?.clientAddress).toBe("203.0.113.7")
  const proven = { ...headers, "x-symbolon-edge": "the-edge-secret" }
  expect((await answerTo(proven)).context?.clientAddress).toBe("192.0.2.1")
})

test("two values, which such an API joins by a comma, are none of ours; a fault throws", async () => {
  expect((await answerTo({ authorization: `${authorization},${authorization}` })).context?.code).toBe("invalid-token")
  ports.answers = [Promise.reject(new Error("dynamodb answered 500"))]
  await expect(answerTo({ authorization })).rejects.toThrow(/^dynamodb answered 500$/)
})
