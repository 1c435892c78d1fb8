import { once } from "node:events"
import { readdirSync, readFileSync } from "node:fs"
import { createServer, type IncomingHttpHeaders } from "node:http"
import { join } from "node:path"
import { beforeEach, expect, inject, onTestFinished, test } from "vitest"
import { orCustomResource } from "../../functions/custom-resource.ts"
import { freePort } from "../../infra/local/engine.ts"
import { closed, portOf } from "../../infra/local/secrets.ts"
import { startStack } from "../../infra/local/stack.ts"
import { invalid } from "../../shared/contract/problems.ts"
import type { Table } from "../../shared/store/dynamodb.ts"
import { type FakeRuntime, fakeRuntime } from "../fakes.ts"
import { folderForTest } from "../infra/local/fixture.ts"
import { rows, testClient } from "../tables.ts"

/** A job as CloudFormation's custom resource, answered at a real ResponseURL. */
let runtime: FakeRuntime
beforeEach(() => {
  // Nothing here touches its table.
  runtime = fakeRuntime({} as Table)
})

interface Received {
  method: string | undefined
  url: string | undefined
  headers: IncomingHttpHeaders
  body: Record<string, unknown>
}

/** Where CloudFormation wants its answers; gives these statuses, in order, then 200. */
async function responses(...statuses: number[]) {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    let body = ""
    for await (const chunk of request) body += chunk
    received.push({ method: request.method, url: request.url, headers: request.headers, body: JSON.parse(body) })
    response.writeHead(statuses.shift() ?? 200).end()
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => closed(server))
  const path = "/response?X-Amz-Signature=canary"
  return { received, path, url: `http://127.0.0.1:${portOf(server)}${path}` }
}

const ids = {
  StackId: "arn:aws:cloudformation:us-east-1:000000000000:stack/symbolon-local-jobs/1",
  RequestId: "request-1",
  LogicalResourceId: "JobsFirstAdmin",
}
const eventOf = (RequestType: string, ResponseURL: string, over: object = {}) => ({
  ...{ RequestType, ResponseURL, ...ids },
  ResourceType: "Custom::FirstAdmin",
  ...(RequestType !== "Create" && { PhysicalResourceId: "as-it-was" }),
  ResourceProperties: { ServiceToken: "arn:…", ServiceTimeout: "300", email: "first@example.com" },
  ...over,
})

test("runs on Create and on Update with the properties alone, and on Delete doesn't; each is answered once", async () => {
  const { received, url, path } = await responses()
  const runs: unknown[] = []
  for (const type of ["Create", "Update", "Delete"])
    await orCustomResource(runtime, eventOf(type, url), async (event) => void runs.push(event))
  expect(runs).toEqual([{ email: "first@example.com" }, { email: "first@example.com" }])
  expect(received.map(({ method, url }) => [method, url])).toEqual(Array(3).fill(["PUT", path]))
  expect(received.map(({ body }) => body)).toEqual(
    ["JobsFirstAdmin", "as-it-was", "as-it-was"].map((PhysicalResourceId) => ({
      Status: "SUCCESS",
      PhysicalResourceId,
      ...ids,
    })),
  )
  // The URL is signed without one.
  for (const { headers } of received) expect(headers["content-type"]).toBeUndefined()
})

test("a failure is answered FAILED, with a problem's text, or with none of what an error says", async () => {
  const { received, url } = await responses()
  const failing = (error: Error) =>
    orCustomResource(runtime, eventOf("Create", url), async () => {
      throw error
    })
  // It is answered: to throw as well would make Lambda deliver it again.
  await failing(invalid({ pointer: "/email", detail: "must be an email address" }))
  await failing(new Error("canary"))
  expect(received.map(({ body }) => [body.Status, body.Reason, body.PhysicalResourceId])).toEqual([
    ["FAILED", "validation-failed: /email must be an email address", "JobsFirstAdmin"],
    ["FAILED", "it failed: the function's log says why", "JobsFirstAdmin"],
  ])
  expect(JSON.stringify(received.map(({ body }) => body))).not.toContain("canary")
  expect(runtime.lines.map(({ event, outcome }) => [event, outcome])).toEqual(
    Array(2).fill(["custom-resource", "failed"]),
  )
})

test("an answer that doesn't arrive is sent again, and in the end is an error that doesn't hold the URL", async () => {
  const flaky = await responses(503, 503)
  await orCustomResource(runtime, eventOf("Create", flaky.url), async () => {})
  expect(flaky.received).toHaveLength(3)
  for (const url of [(await responses(403, 403, 403)).url, `http://127.0.0.1:${await freePort()}/?canary`]) {
    const thrown = await orCustomResource(runtime, eventOf("Create", url), async () => {}).then(String, String)
    expect(thrown).toContain("CloudFormation could not be answered")
    expect(thrown).not.toMatch(/canary|127\.0/)
  }
})

test("any other event is run as it is, and fails as it does", async () => {
  const run = async (event: unknown) => event
  for (const event of [{ email: "a@example.com" }, null, "text", { RequestType: "Create" }])
    expect(await orCustomResource(runtime, event, run)).toBe(event)
  await expect(orCustomResource(runtime, {}, () => Promise.reject(new Error("as it is")))).rejects.toThrow("as it is")
})

test("create-first-admin makes one for the deployment, once: a second delivery and another address make none", async () => {
  const { received, url } = await responses()
  const directory = folderForTest()
  const stack = await startStack({ assembly: inject("assembly"), stageName: "local", directory, port: 0 })
  onTestFinished(stack.stop)
  const deliver = (type: string, email: string) =>
    stack.runJob(
      "create-first-admin",
      eventOf(type, url, { ResourceProperties: { ServiceToken: "arn:…", ServiceTimeout: "300", email } }),
    )
  await deliver("Create", "nobody")
  expect(await deliver("Create", "first@example.com")).toEqual({ created: true })
  expect(await deliver("Create", "first@example.com")).toEqual({ created: false })
  expect(await deliver("Update", "second@example.com")).toEqual({ created: false })
  await deliver("Delete", "first@example.com")
  expect(received.map(({ body }) => body.Status)).toEqual(["FAILED", ...Array(4).fill("SUCCESS")])
  const humans = (await rows(testClient(stack.engineEndpoint), "symbolon-local").dump()).filter(
    ({ userType }) => userType === "User",
  )
  expect(humans.map(({ email, role, state }) => [email, role, state])).toEqual([
    ["first@example.com", "Admin", "ACTIVE"],
  ])
  const logs = readdirSync(join(directory, "logs")).map((file) => readFileSync(join(directory, "logs", file), "utf8"))
  expect(logs.join()).toContain("create-first-admin")
  expect(logs.join()).not.toContain("X-Amz-Signature")
})
