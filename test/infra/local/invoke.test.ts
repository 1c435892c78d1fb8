import { request } from "node:http"
import { afterAll, beforeAll, expect, test } from "vitest"
import { invokeAt } from "../../../infra/local/invocations.ts"
import { type RunningStack, startTestStack } from "../../local-stack.ts"

/** `POST /_local/invoke/<job>`, and Lambda's own path for the authorizers: for whoever sits at this machine, and for no page in a browser. */
let stack: RunningStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

/** node:http, since fetch sets Host and Origin by itself. */
const send = (path: string, headers: Record<string, string> = {}, method = "POST", event = "") =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(stack.url)
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      let body = ""
      response.on("data", (chunk) => {
        body += chunk
      })
      response.on("end", () => resolve({ status: response.statusCode, body }))
    })
    sent.on("error", reject)
    sent.end(event)
  })
const invoke = (job: string, headers?: Record<string, string>, method?: string) =>
  send(`/_local/invoke/${job}`, headers, method)
const invocations = (name: string) => `/2015-03-31/functions/${name}/invocations`

test("runs a scheduled job now, and tells what it did", async () => {
  expect(await invoke("purge-deleted-accounts")).toEqual({ status: 200, body: '{"result":{"purged":0}}' })
})

test("tells what went wrong, when a job fails", async () => {
  expect((await invoke("record-usage")).status).toBe(502)
})

test("is closed to pages, to rebound names, to other methods, to operators' jobs, and knows no others", async () => {
  expect((await invoke("purge-deleted-accounts", { Origin: "https://example.com" })).status).toBe(403)
  expect((await invoke("purge-deleted-accounts", { Origin: stack.url })).status).toBe(403)
  expect((await invoke("purge-deleted-accounts", { Host: "rebound.example.com" })).status).toBe(403)
  expect((await invoke("purge-deleted-accounts", {}, "GET")).status).toBe(404)
  for (const job of ["issue-admin-token", "create-first-admin"]) expect((await invoke(job)).status).toBe(403)
  expect((await invoke("no-such-job")).status).toBe(404)
  // A job of stages with a user pool of their own.
  expect((await invoke("sync-user-pool")).status).toBe(404)
})

test("asks either authorizer, as Lambda does, and tells what it answered or threw", async () => {
  const origin = new URL(stack.url).origin
  const ofRestApi = (authorization: string[]) => ({
    methodArn: "arn:aws:execute-api:us-east-1:000000000000:api/prod/GET/orders",
    resource: "/orders",
    httpMethod: "GET",
    headers: {},
    multiValueHeaders: { Authorization: authorization },
    requestContext: { apiId: "api", requestId: "r", identity: { sourceIp: "127.0.0.1" } },
  })
  const ofHttpApi = (authorization: string) => ({
    routeArn: "arn:aws:execute-api:us-east-1:000000000000:api/$default/GET/orders",
    routeKey: "GET /orders",
    headers: { authorization },
    requestContext: { apiId: "api", requestId: "r", http: { method: "GET", sourceIp: "127.0.0.1" } },
  })
  const allowed = { value: { context: { userId: "admin@example.com", role: "Admin" } } }
  const bearer = `Bearer ${stack.adminToken}`
  expect(await invokeAt(origin, "symbolon-local-authorizer", ofRestApi([bearer]))).toMatchObject(allowed)
  expect(await invokeAt(origin, "symbolon-local-http-authorizer", ofHttpApi(bearer))).toMatchObject(allowed)
  expect(await invokeAt(origin, "symbolon-local-authorizer", ofRestApi([]))).toEqual({ error: "Unauthorized" })
  expect(await invokeAt(origin, "symbolon-local-http-authorizer", ofHttpApi("x"))).toMatchObject({
    value: { context: { code: "invalid-token" } },
  })
  expect(await invokeAt("http://127.0.0.1:1", "symbolon-local-authorizer", {})).toEqual({
    error: "nothing answers at http://127.0.0.1:1",
  })
})

test("has no other function there, and nothing for pages, rebound names, other methods, or what is no JSON", async () => {
  const authorizer = invocations("symbolon-local-authorizer")
  expect((await send(authorizer, { Origin: "https://example.com" })).status).toBe(403)
  expect((await send(authorizer, { Host: "rebound.example.com" })).status).toBe(403)
  expect((await send(authorizer, {}, "GET")).status).toBe(404)
  expect((await send(authorizer, {}, "POST", "{")).status).toBe(400)
  for (const name of [
    "symbolon-local-jobs-issue-admin-token",
    "symbolon-local-users-create",
    "symbolon-dev-authorizer",
  ])
    expect((await send(invocations(name))).status).toBe(403)
})
