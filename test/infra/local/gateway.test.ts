// Long because it follows a request through API Gateway, with everything that can become of it on the way.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startGateway } from "../../../infra/local/gateway.ts"
import { createLambdas } from "../../../infra/local/lambdas.ts"
import { readApi } from "../../../infra/local/routes.ts"
import { closed, portOf } from "../../../infra/local/secrets.ts"
import { Assembly } from "../../../infra/local/template.ts"
import type { Properties } from "../templates.ts"
import { type Answer, type Fixture, raw, until, writeAssembly } from "./fixture.ts"

/** Decides by what the Authorization header says; the context of who is allowed has one value of each kind. */
const guard = `
  const policy = (Effect, Resource) => ({ Version: "2012-10-17", Statement: [{ Effect, Action: "execute-api:Invoke", Resource }] })
  export const handler = async (event) => {
    const values = Object.entries(event.multiValueHeaders).filter(([name]) => name.toLowerCase() === "authorization").flatMap(([, all]) => all)
    if (values.length === 0) throw new Error("Unauthorized")
    const principalId = "someone"
    switch (values.length > 1 ? "several" : values[0]) {
      case "allow": return { principalId, policyDocument: policy("Allow", event.methodArn.replace(/(GET|POST|PUT|DELETE).*/, "$1/*")),
        context: { text: "words", number: 12, yes: true, no: false, type: event.type, methodArn: event.methodArn } }
      case "deny": return { principalId, policyDocument: policy("Deny", event.methodArn), context: { code: "token-revoked", title: "Token revoked" } }
      case "deny without context": return { principalId, policyDocument: policy("Deny", event.methodArn) }
      case "allow another path": return { principalId, policyDocument: policy("Allow", event.methodArn + "/more") }
      case "several": return { principalId, policyDocument: policy("Deny", "*"), context: { code: values.join("+") } }
      case "unauthorized in other words": throw new Error("unauthorized")
      case "no policy": return { principalId }
      case "no principal": return { policyDocument: policy("Allow", "*") }
      case "an object in the context": return { principalId, policyDocument: policy("Allow", "*"), context: { teams: ["a"] } }
      case "nothing": return undefined
      case "hang": return new Promise(() => {})
      default: throw new Error("the table is down")
    }
  }`

/** Answers with the event that it got. */
const echo = `export const handler = async (event, context) => ({
  statusCode: 200,
  headers: { "Content-Type": "application/json", "X-Function": context.functionName },
  body: JSON.stringify(event),
})`

const teapot = `export const handler = async () => ({
  statusCode: 418,
  headers: { "WWW-Authenticate": "Bearer", "X-One": "one" },
  multiValueHeaders: { "X-Two": ["a", "b"] },
  body: "short and stout",
})`

/** Answers with whatever the query says, as JSON: for answers that no Lambda proxy may give. */
const malformed = `export const handler = async ({ queryStringParameters }) => JSON.parse(queryStringParameters.answer)`

/** Hangs when it is told to. How often it has been called tells one execution environment from the next. */
const slow = `let calls = 0
  export const handler = async ({ queryStringParameters }) => {
    calls++
    if (queryStringParameters?.hang) await new Promise(() => {})
    if (queryStringParameters?.throw) throw new Error("a secret that nobody may see")
    console.log("call " + calls)
    return { statusCode: 200, body: String(calls) }
  }`

const lengthOf = `export const handler = async ({ body }) => ({ statusCode: 200, body: String(body === null ? null : body.length) })`

const accessLogFields = {
  id: "extendedRequestId",
  principal: "authorizer.principalId",
  route: "resourcePath",
  status: "status",
}

const fixture: Fixture = {
  functions: { guard, echo, teapot, malformed, slow, lengthOf },
  // What hangs, soon enough for a test, and later than a busy machine takes to start a worker.
  timeouts: { guard: 2, slow: 2 },
  authorizer: "guard",
  accessLogFormat: JSON.stringify(
    Object.fromEntries(Object.entries(accessLogFields).map(([name, variable]) => [name, `$context.${variable}`])),
  ),
  routes: {
    "GET /things/{id}": "echo",
    "GET /things/mine": "teapot",
    "POST /things/{id}/parts/{part}": "echo",
    "GET /malformed": "malformed",
    "GET /slow": "slow",
    "POST /length": "lengthOf",
  },
}
const problem = (type: string) => ({
  "application/json": `{"type":"${type}","code":"$context.authorizer.code","title":"$context.authorizer.title","instance":"$context.extendedRequestId"}`,
})
const styled: Fixture = {
  ...fixture,
  gatewayResponses: [
    {
      ResponseType: "UNAUTHORIZED",
      StatusCode: "401",
      ResponseParameters: { "gatewayresponse.header.WWW-Authenticate": `'Bearer realm="api"'` },
      ResponseTemplates: problem("authentication-required"),
    },
    {
      ResponseType: "ACCESS_DENIED",
      StatusCode: "401",
      ResponseParameters: {
        "gatewayresponse.header.WWW-Authenticate": `'Bearer realm="api", error="invalid_token"'`,
        "gatewayresponse.header.Content-Type": "'application/problem+json'",
      },
      ResponseTemplates: problem("refused"),
    },
    { ResponseType: "AUTHORIZER_FAILURE", StatusCode: "503", ResponseTemplates: problem("failure") },
    { ResponseType: "AUTHORIZER_CONFIGURATION_ERROR", StatusCode: "503", ResponseTemplates: problem("configuration") },
    { ResponseType: "MISSING_AUTHENTICATION_TOKEN", StatusCode: "404", ResponseTemplates: problem("not-found") },
    // No status of its own.
    {
      ResponseType: "DEFAULT_5XX",
      ResponseParameters: { "gatewayresponse.header.Retry-After": "'2'" },
      ResponseTemplates: problem("about:blank"),
    },
  ],
}

interface Gateway {
  port: number
  /** With the header Authorization, unless it is undefined. */
  send: (path: string, authorization?: string, init?: RequestInit) => Promise<Response>
  /** Raw, with `Authorization: allow`. */
  raw: (...lines: string[]) => Promise<Answer>
  accesses: string[]
  lines: string[]
  stop: () => Promise<void>
}

const directory = mkdtempSync(join(tmpdir(), "symbolon-gateway-"))

async function start(name: string, described: Fixture): Promise<Gateway> {
  const assembly = new Assembly(writeAssembly(join(directory, name), described))
  const lines: string[] = []
  const accesses: string[] = []
  const lambdas = createLambdas({
    assembly,
    environment: { AWS_ENDPOINT_URL_DYNAMODB: "http://127.0.0.1:1" },
    onLine: (logGroup, line) => lines.push(`${logGroup}: ${line}`),
  })
  const server = await startGateway({
    api: readApi(assembly),
    lambdas,
    port: 0,
    onAccess: (logGroup, line) => accesses.push(`${logGroup}: ${line}`),
    onOther: async ({ url }, response) => {
      if (url === "/_local/hello") response.end("not the API")
      return url === "/_local/hello"
    },
  })
  const port = portOf(server)
  return {
    port,
    send: (path, authorization, init) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        ...init,
        headers: { ...(authorization !== undefined && { Authorization: authorization }) },
      }),
    raw: (...all) => raw(port, ...all, "Authorization: allow"),
    accesses,
    lines,
    stop: async () => {
      await closed(server)
      await lambdas.stop()
    },
  }
}

let gateway: Gateway
let plain: Gateway
beforeAll(async () => {
  gateway = await start("styled", styled)
  plain = await start("plain", fixture)
})
afterAll(async () => {
  await gateway?.stop()
  await plain?.stop()
  rmSync(directory, { recursive: true, force: true })
})

const json = async (response: Response | Promise<Response>): Promise<Properties> =>
  (await (await response).json()) as Properties
const message = (text: string) => ({ message: text })

describe("a credential", () => {
  it("that is missing: the authorizer throws Unauthorized, and UNAUTHORIZED answers, with its own header", async () => {
    const response = await gateway.send("/api/things/12")
    expect(response.status).toBe(401)
    expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="api"')
    expect(response.headers.get("Content-Type")).toBe("application/json")
    // No policy was returned, so nothing of the authorizer's context is there.
    expect(await response.json()).toEqual({
      type: "authentication-required",
      code: "",
      title: "",
      instance: response.headers.get("x-amz-apigw-id"),
    })
  })

  it("that is refused: ACCESS_DENIED answers with the authorizer's context", async () => {
    const response = await gateway.send("/api/things/12", "deny")
    expect(response.status).toBe(401)
    expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="api", error="invalid_token"')
    expect(response.headers.get("Content-Type")).toBe("application/problem+json")
    expect(await response.json()).toEqual({
      type: "refused",
      code: "token-revoked",
      title: "Token revoked",
      instance: response.headers.get("x-amz-apigw-id"),
    })
  })

  it.each(["deny without context", "allow another path"])(
    "that isn't allowed for this request: %s",
    async (credential) => {
      const response = await gateway.send("/api/things/12", credential)
      expect([response.status, (await json(response)).type]).toEqual([401, "refused"])
    },
  )

  it("that can't be checked, since the authorizer throws anything else: AUTHORIZER_FAILURE", async () => {
    for (const credential of ["fail", "unauthorized in other words"]) {
      const response = await gateway.send("/api/things/12", credential)
      expect([response.status, (await json(response)).type]).toEqual([503, "failure"])
    }
  })

  it("that can't be checked in time: AUTHORIZER_FAILURE", async () => {
    const response = await gateway.send("/api/things/12", "hang")
    expect([response.status, (await json(response)).type]).toEqual([503, "failure"])
    expect((await gateway.send("/api/things/12", "allow")).status).toBe(200)
  })

  it.each(["no policy", "no principal", "an object in the context", "nothing"])(
    "on which the authorizer's answer is malformed (%s): AUTHORIZER_CONFIGURATION_ERROR",
    async (credential) => {
      const response = await gateway.send("/api/things/12", credential)
      expect([response.status, (await json(response)).type]).toEqual([503, "configuration"])
    },
  )

  it("that comes twice reaches the authorizer as two values", async () => {
    const { status, body } = await raw(
      gateway.port,
      "GET /api/things/12 HTTP/1.1",
      "Authorization: allow",
      "Authorization: deny",
    )
    expect([status, JSON.parse(body).code]).toEqual([401, "allow+deny"])
  })

  it("that is allowed reaches the Lambda as strings, whatever the authorizer's context had", async () => {
    const { requestContext } = await json(gateway.send("/api/things/12", "allow"))
    expect(requestContext.authorizer).toEqual({
      principalId: "someone",
      text: "words",
      number: "12",
      yes: "true",
      no: "false",
      type: "REQUEST",
      methodArn: "arn:aws:execute-api:us-east-1:000000000000:Rest/api/GET/things/12",
    })
  })
})

describe("a gateway response that the template doesn't have", () => {
  it.each([
    [undefined, 401, "Unauthorized"],
    ["deny", 403, "User is not authorized to access this resource"],
    ["fail", 500, "Internal server error"],
    ["no policy", 500, "Internal server error"],
  ])("for the credential %j is AWS's own: %i %s", async (credential, status, text) => {
    const response = await plain.send("/api/things/12", credential)
    expect([response.status, response.headers.get("Content-Type"), await response.json()]).toEqual([
      status,
      "application/json",
      message(text),
    ])
    expect(response.headers.get("WWW-Authenticate")).toBeNull()
  })

  it("for an unknown path is AWS's own", async () => {
    const response = await plain.send("/api/nowhere", "allow")
    expect([response.status, await response.json()]).toEqual([403, message("Missing Authentication Token")])
  })
})

describe("a route", () => {
  it.each([
    ["GET", "/api/nowhere"],
    ["GET", "/api/things"],
    ["GET", "/api/things/12/more"],
    ["DELETE", "/api/things/12"],
    ["GET", "/api/"],
    ["GET", "/api"],
    ["GET", "/apis/things/12"],
    ["GET", "/things/12"],
    ["GET", "/"],
  ])(
    "that isn't there: %s %s → MISSING_AUTHENTICATION_TOKEN, before any credential is looked at",
    async (method, path) => {
      const response = await gateway.send(path, "deny", { method })
      expect([response.status, (await json(response)).type]).toEqual([404, "not-found"])
    },
  )

  it("with a literal part wins over a parameter", async () => {
    expect((await gateway.send("/api/things/mine", "allow")).status).toBe(418)
    expect((await gateway.send("/api/things/minee", "allow")).status).toBe(200)
  })

  it("beside the stage's is somebody else's", async () => {
    expect(await (await gateway.send("/_local/hello")).text()).toBe("not the API")
  })
})

describe("the event of a request", () => {
  it("has path parameters decoded, and all that an integration gets", async () => {
    const { status, body, headers } = await gateway.raw(
      "POST /api/things/a%20b%2Fc%C3%A4/parts/%2e?q=1 HTTP/1.1",
      "X-Thing: one",
      "User-Agent: test",
    )
    expect(status).toBe(200)
    expect(headers["X-Function"]).toBe("echo")
    expect(JSON.parse(body)).toMatchObject({
      resource: "/things/{id}/parts/{part}",
      path: "/things/a%20b%2Fc%C3%A4/parts/%2e",
      httpMethod: "POST",
      pathParameters: { id: "a b/cä", part: "." },
      queryStringParameters: { q: "1" },
      headers: { "X-Thing": "one" },
      body: null,
      isBase64Encoded: false,
      requestContext: {
        stage: "api",
        resourcePath: "/things/{id}/parts/{part}",
        httpMethod: "POST",
        extendedRequestId: headers["x-amz-apigw-id"],
        requestId: headers["x-amzn-RequestId"],
        identity: { sourceIp: "127.0.0.1", userAgent: "test" },
      },
    })
  })

  it("survives escapes that are none", async () => {
    for (const id of ["%", "%zz", "%C3%28", "%E0%A4%A"]) {
      const { status, body } = await gateway.raw(`GET /api/things/${id}?x=${id} HTTP/1.1`)
      expect([id, status, JSON.parse(body).pathParameters]).toEqual([id, 200, { id }])
    }
  })

  it("has every value of a repeated query parameter or header, and the last one", async () => {
    const { body } = await gateway.raw("GET /api/things/12?a=1&a=2&b=&c HTTP/1.1", "X-Thing: one", "X-Thing: two")
    expect(JSON.parse(body)).toMatchObject({
      queryStringParameters: { a: "2", b: "", c: "" },
      multiValueQueryStringParameters: { a: ["1", "2"], b: [""], c: [""] },
      headers: { "X-Thing": "two" },
      multiValueHeaders: { "X-Thing": ["one", "two"] },
    })
  })

  it("has null for a query that isn't there", async () => {
    const event = await json(gateway.send("/api/things/12", "allow"))
    expect([event.queryStringParameters, event.multiValueQueryStringParameters]).toEqual([null, null])
  })

  it("keeps names that every object has apart from them", async () => {
    const { status, body } = await gateway.raw(
      "GET /api/things/12?__proto__=1&constructor=2 HTTP/1.1",
      "__proto__: 3",
      "constructor: 4",
    )
    expect(status).toBe(200)
    const event = JSON.parse(body)
    expect(event.multiValueQueryStringParameters).toEqual(JSON.parse('{"__proto__":["1"],"constructor":["2"]}'))
    expect(event.multiValueHeaders).toMatchObject({ constructor: ["4"] })
  })

  it("has the body as text", async () => {
    const event = await json(gateway.send("/api/things/12/parts/1", "allow", { method: "POST", body: '{"name":"ä"}' }))
    expect(event.body).toBe('{"name":"ä"}')
  })
})

describe("a Lambda's answer", () => {
  it("is passed on: status, headers, body. WWW-Authenticate is renamed, as API Gateway does", async () => {
    const response = await gateway.send("/api/things/mine", "allow")
    expect([response.status, await response.text()]).toEqual([418, "short and stout"])
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "x-amzn-remapped-www-authenticate": "Bearer",
      "x-one": "one",
      "x-two": "a, b",
    })
    expect(response.headers.get("WWW-Authenticate")).toBeNull()
  })

  it.each([
    ["null", null],
    ["no status", { body: "x" }],
    ["a status that is no number", { statusCode: "abc" }],
    ["a body that is no string", { statusCode: 200, body: { a: 1 } }],
    ["a text", "ok"],
  ])("that is malformed (%s) is 502, the template's default with no status of its own", async (_, answer) => {
    const query = `answer=${encodeURIComponent(JSON.stringify(answer))}`
    const response = await gateway.send(`/api/malformed?${query}`, "allow")
    expect([response.status, (await json(response)).type]).toEqual([502, "about:blank"])
    expect(response.headers.get("Retry-After")).toBe("2")
    const unstyled = await plain.send(`/api/malformed?${query}`, "allow")
    expect([unstyled.status, await unstyled.json()]).toEqual([502, message("Internal server error")])
  })

  it("that is an error is 502 too, and says nothing of it", async () => {
    const response = await gateway.send("/api/slow?throw=1", "allow")
    const text = await response.text()
    expect([response.status, JSON.parse(text).type]).toEqual([502, "about:blank"])
    expect(text).not.toContain("secret")
  })

  it("that doesn't come is 502 at the Lambda's timeout. The environment is ended, and the next call gets a new one", async () => {
    const call = async (query = "") => (await gateway.send(`/api/slow${query}`, "allow")).text()
    const before = Number(await call())
    expect(Number(await call())).toBe(before + 1)

    const started = Date.now()
    const response = await gateway.send("/api/slow?hang=1", "allow")
    expect([response.status, (await json(response)).type]).toEqual([502, "about:blank"])
    expect(Date.now() - started).toBeGreaterThanOrEqual(1990)

    expect(await call()).toBe("1")
  })

  it("writes its lines to its log group", async () => {
    await gateway.send("/api/slow", "allow")
    await until(() => gateway.lines.some((line) => line.startsWith("/fixture/slow: call ")))
  })
})

describe("API Gateway's own limits", () => {
  it("are 10 MB for a body: one byte more is 413, which no template styles", async () => {
    const post = (bytes: number) =>
      gateway.send("/api/length", "allow", { method: "POST", body: new Uint8Array(bytes).fill(97) })
    const fits = await post(10_000_000)
    expect([fits.status, await fits.text()]).toEqual([200, "10000000"])
    const tooLong = await post(10_000_001)
    expect([tooLong.status, await tooLong.json()]).toEqual([413, message("Request Too Long")])
  })

  it("are 1,600 characters for a method's ARN: one more is 414", async () => {
    const longest = 1600 - "arn:aws:execute-api:us-east-1:000000000000:Rest/api/GET/things/".length
    expect((await gateway.send(`/api/things/${"a".repeat(longest)}`, "allow")).status).toBe(200)
    const tooLong = await gateway.send(`/api/things/${"a".repeat(longest + 1)}`, "allow")
    expect([tooLong.status, await tooLong.json()]).toEqual([414, message("Request-URI Too Large")])
  })
})

describe("the access log", () => {
  const logged = async (send: () => Promise<Response>) => {
    const before = gateway.accesses.length
    const response = await send()
    await response.arrayBuffer()
    await until(() => gateway.accesses.length > before)
    const [line = "", ...others] = gateway.accesses.slice(before)
    expect(others).toEqual([])
    expect(line).toMatch(/^\/fixture\/access: /)
    return { response, line: JSON.parse(line.slice(line.indexOf("{"))) }
  }

  it("has a line for each request, in the stage's format", async () => {
    const { response, line } = await logged(() => gateway.send("/api/things/12?a=secret", "allow"))
    expect(line).toEqual({
      id: response.headers.get("x-amz-apigw-id"),
      principal: "someone",
      route: "/things/{id}",
      status: "200",
    })
  })

  it("has a dash for what a request hasn't", async () => {
    expect((await logged(() => gateway.send("/api/nowhere"))).line).toMatchObject({
      principal: "-",
      route: "-",
      status: "404",
    })
    expect((await logged(() => gateway.send("/api/slow"))).line).toMatchObject({
      principal: "-",
      route: "/slow",
      status: "401",
    })
  })
})

describe("the Lambdas", () => {
  it("see what their template gives them, and nothing of this process's environment", async () => {
    const code = `export const handler = async () => ({ statusCode: 200, body: JSON.stringify(process.env) })`
    const own = await start("environment", { functions: { seer: code }, routes: { "GET /environment": "seer" } })
    try {
      process.env.SYMBOLON_TEST_CANARY = "canary"
      expect(await json(own.send("/api/environment"))).toEqual({
        GREETING: "hello",
        AWS_ENDPOINT_URL_DYNAMODB: "http://127.0.0.1:1",
        AWS_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: "seer",
        AWS_SECRET_ACCESS_KEY: "local",
        AWS_LAMBDA_FUNCTION_NAME: "seer",
      })
    } finally {
      delete process.env.SYMBOLON_TEST_CANARY
      await own.stop()
    }
  })

  it("that don't even load are an error of each call, and of no other Lambda", async () => {
    const own = await start("broken", {
      functions: { broken: `throw new Error("no INIT")`, echo },
      routes: { "GET /broken": "broken", "GET /echo": "echo" },
    })
    try {
      for (let n = 0; n < 2; n++) expect((await own.send("/api/broken")).status).toBe(502)
      expect((await own.send("/api/echo")).status).toBe(200)
    } finally {
      await own.stop()
    }
  })
})

it("rejects a port that is taken", async () => {
  const api = readApi(new Assembly(join(directory, "styled")))
  const options = { api, lambdas: {} as never, onAccess: () => {}, onOther: async () => false }
  await expect(startGateway({ ...options, port: gateway.port })).rejects.toMatchObject({ code: "EADDRINUSE" })
})
