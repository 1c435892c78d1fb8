import { describe, expect, inject, it } from "vitest"
import { readApi } from "../../../infra/local/routes.ts"
import { Assembly } from "../../../infra/local/template.ts"
import { endpointRows } from "../../../shared/contract/endpoints.ts"
import { assemblyFor, type Fixture } from "./fixture.ts"

const functions = { guard: "", things: "" }
const read = (fixture: Fixture) => readApi(new Assembly(assemblyFor({ functions, ...fixture })))
const behindGuard = (fixture: Fixture = {}) =>
  read({ authorizer: "guard", routes: { "GET /things": "things" }, ...fixture })

describe("the routes of an assembly", () => {
  it("are those of our endpoint table, when the assembly is ours", () => {
    const { stage, routes } = readApi(new Assembly(inject("assembly")))
    expect(stage).toBe("api")
    expect(routes.map(({ method, resource, integration }) => `${method} ${resource} → ${integration}`).sort()).toEqual(
      endpointRows.map(([key, { route }]) => `${route} → symbolon-local-${key.replaceAll("/", "-")}`).sort(),
    )
    for (const [key, { needs }] of endpointRows) {
      const route = routes.find(({ integration }) => integration === `symbolon-local-${key.replaceAll("/", "-")}`)
      expect([key, route?.authorizer]).toEqual([key, needs === "nothing" ? undefined : "symbolon-local-authorizer"])
    }
  })

  it("grow by whatever is added to the template, and by nothing else", () => {
    const before = behindGuard()
    const after = behindGuard({ routes: { "GET /things": "things", "POST /things/{id}/parts": "things" } })
    expect(before.routes.map(({ resource }) => resource)).toEqual(["/things"])
    expect(after.routes).toEqual([
      expect.objectContaining({ method: "GET", resource: "/things", parameters: [] }),
      {
        method: "POST",
        resource: "/things/{id}/parts",
        pattern: expect.any(RegExp),
        parameters: ["id"],
        integration: "things",
        authorizer: "guard",
      },
    ])
  })

  it("are tried with a literal part before a parameter, whatever their order in the template", () => {
    const { routes } = behindGuard({ routes: { "GET /things/{id}": "things", "GET /things/mine": "things" } })
    const first = (path: string) => routes.find(({ pattern }) => pattern.test(path))?.resource
    expect(first("/things/mine")).toBe("/things/mine")
    expect(first("/things/12")).toBe("/things/{id}")
  })

  it("match one part of a path for each parameter, and a literal to the letter", () => {
    const { routes } = behindGuard({ routes: { "GET /things/{id}": "things", "GET /openapi.json": "things" } })
    const matches = (path: string) => routes.some(({ pattern }) => pattern.test(path))
    expect(matches("/things/12")).toBe(true)
    expect(matches("/openapi.json")).toBe(true)
    for (const path of ["/things", "/things/", "/things/12/13", "/openapi-json", "/openapi.json5", "/x/openapi.json"])
      expect([path, matches(path)]).toEqual([path, false])
  })

  it("have no authorizer where the method has none", () => {
    expect(read({ routes: { "GET /things": "things" } }).routes[0]?.authorizer).toBeUndefined()
  })
})

describe("the local gateway doesn't start with", () => {
  const wrongAuthorizer = "must be a REQUEST authorizer with a result TTL of 0 and no identity source"

  it.each([
    ["a result that is kept", { AuthorizerResultTtlInSeconds: 1 }],
    ["a result that is kept by default", { AuthorizerResultTtlInSeconds: undefined }],
    ["an identity source", { IdentitySource: "method.request.header.Authorization" }],
    ["a TOKEN authorizer", { Type: "TOKEN" }],
  ])("%s", (_, authorizerProperties) => {
    expect(() => behindGuard({ authorizerProperties })).toThrow(wrongAuthorizer)
  })

  it.each(["AWS", "HTTP_PROXY", "MOCK"])("an integration of type %s", (integrationType) => {
    expect(() => behindGuard({ integrationType })).toThrow("GET /things is no Lambda proxy integration")
  })

  it("an integration that names no Lambda", () => {
    const routes = { "GET /things": "Rest" }
    expect(() => behindGuard({ routes })).toThrow("no Lambda is named in")
  })

  it("no REST API, or two of them", () => {
    expect(() => read({})).toThrow("exactly one REST API")
    const second = { Second: { Type: "AWS::ApiGateway::RestApi", Properties: {} } }
    expect(() => behindGuard({ resources: second })).toThrow("exactly one REST API")
  })

  it("a REST API that is deployed to no stage", () => {
    const resources = { Rest: { Type: "AWS::ApiGateway::RestApi", Properties: {} } }
    expect(() => read({ resources })).toThrow("the REST API has no stage")
  })
})

describe("gateway responses", () => {
  it("are read with their status, template, and headers without the quotes of a static value", () => {
    const { responses } = behindGuard({
      gatewayResponses: [
        {
          ResponseType: "UNAUTHORIZED",
          StatusCode: "401",
          ResponseParameters: {
            "gatewayresponse.header.WWW-Authenticate": `'Bearer realm="api"'`,
            "gatewayresponse.path.ignored": "'x'",
          },
          ResponseTemplates: { "application/json": '{"title":"who?"}' },
        },
        { ResponseType: "DEFAULT_4XX" },
      ],
    })
    expect(responses.get("UNAUTHORIZED")).toEqual({
      status: 401,
      template: '{"title":"who?"}',
      headers: { "WWW-Authenticate": 'Bearer realm="api"' },
    })
    expect(responses.get("DEFAULT_4XX")).toEqual({
      status: undefined,
      template: '{"message":$context.error.messageString}',
      headers: {},
    })
  })
})

describe("the access log", () => {
  it("is the stage's format and the log group of its destination", () => {
    expect(behindGuard({ accessLogFormat: "$context.status" }).accessLog).toEqual({
      format: "$context.status",
      logGroup: "/fixture/access",
    })
    expect(behindGuard().accessLog).toBeUndefined()
  })
})
