import type { APIGatewayProxyEvent, APIGatewayProxyEventV2, APIGatewayProxyResult } from "aws-lambda"
import { describe, expect, it } from "vitest"
import { toContext } from "../../../shared/contract/caller.ts"
import { type Role, roles } from "../../../shared/contract/permissions.ts"
import { type AuthorizedEvent, callerOf, requirePermission } from "../../../shared/contract/require-permission.ts"

/** As it comes through: without what is undefined. */
const context = (role: Role, teams = ["data_quality", "sales"], expiresAt?: number): Record<string, string | number> =>
  JSON.parse(
    JSON.stringify(
      toContext(
        { id: 12, userId: "orders@service", userType: "Service", role, teams },
        { id: 34, expiresAt },
        "symsvc_x",
        "203.0.113.7",
      ),
    ),
  )

/** A REST API's: every value of the context is a string there. */
const ofRestApi = (role: Role, expiresAt?: number): AuthorizedEvent =>
  ({
    httpMethod: "POST",
    requestContext: {
      requestId: "chosen-by-the-caller",
      extendedRequestId: "extended=",
      authorizer: {
        principalId: "orders@service",
        integrationLatency: 12,
        ...Object.fromEntries(
          Object.entries(context(role, undefined, expiresAt)).map(([key, value]) => [key, String(value)]),
        ),
      },
    },
  }) as unknown as APIGatewayProxyEvent

/** An HTTP API's, in the payload format 2.0, in which they are as the authorizer gave them. */
const ofHttpApi = (role: Role, expiresAt?: number): AuthorizedEvent =>
  ({
    version: "2.0",
    requestContext: { requestId: "extended=", authorizer: { lambda: context(role, undefined, expiresAt) } },
  }) as unknown as APIGatewayProxyEventV2

describe.each([
  ["a REST API", ofRestApi],
  ["an HTTP API", ofHttpApi],
])("behind %s", (_, eventOf) => {
  it("the caller has id, role, teams, and permissions by its role", () => {
    expect(callerOf(eventOf("Editor"))).toEqual({
      accountId: 12,
      userId: "orders@service",
      userType: "Service",
      role: "Editor",
      teams: ["data_quality", "sales"],
      permissions: ["results:read", "datastores:read", "resources:write"],
      tokenId: 34,
      handle: "symsvc_x",
      clientAddress: "203.0.113.7",
    })
  })

  it("the caller has the end of its token, where it has one", () => {
    const event = eventOf("Editor", 1_798_027_200_000)
    expect(callerOf(event).expiresAt).toBe(1_798_027_200_000)
  })

  it.each(roles)("%s may do what its role is listed for, and gets a 403 to return otherwise", (role) => {
    const event = eventOf(role)
    const { caller, refusal } = requirePermission(event, "orders:write", ["Editor", "Admin"])
    if (role === "Editor" || role === "Admin") {
      expect([caller?.role, refusal]).toEqual([role, undefined])
      return
    }
    expect(caller).toBeUndefined()
    const answer: APIGatewayProxyResult | undefined = refusal
    expect([answer?.statusCode, answer?.headers?.["Content-Type"]]).toEqual([403, "application/problem+json"])
    expect(JSON.parse(answer?.body ?? "")).toEqual({
      type: "urn:symbolon:problem:insufficient-role",
      title: "Insufficient role",
      status: 403,
      detail: "The role of this account does not permit this operation.",
      permission: "orders:write",
      instance: "extended=",
    })
  })

  it("a permission of our vocabulary needs no list", () => {
    expect(requirePermission(eventOf("Member"), "results:read").caller?.role).toBe("Member")
    expect(requirePermission(eventOf("Manager"), "integrations:write").refusal?.statusCode).toBe(403)
    expect(requirePermission(eventOf("Admin"), "integrations:write").caller?.role).toBe("Admin")
  })

  it("nobody may do what no role is listed for", () => {
    for (const role of roles) expect(requirePermission(eventOf(role), "orders:write", []).refusal).toBeDefined()
  })
})

it.each<[string, unknown]>([
  ["without an authorizer", undefined],
  ["behind another one", { principalId: "x" }],
  ["behind another one of an HTTP API", { lambda: { role: "Owner" } }],
  ["behind a JWT authorizer", { jwt: { claims: { role: "Admin" } } }],
  ["with a role that we don't know", { lambda: { ...context("Admin"), role: "Owner" } }],
  ["with no context at all", { lambda: null }],
])("a route %s throws: nobody has proven its caller", (_, authorizer) => {
  const event = { requestContext: { requestId: "r", authorizer } }
  expect(() => requirePermission(event, "orders:write", roles)).toThrow(/authorizer's context/)
})
