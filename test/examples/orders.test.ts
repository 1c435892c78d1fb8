import { afterAll, beforeAll, expect, test } from "vitest"
import { freePort } from "../../infra/local/engine.ts"
import { until } from "../infra/local/fixture.ts"
import { type Running, startNode } from "../infra/node.ts"
import { type RunningStack, startTestStack } from "../local-stack.ts"
import { aService } from "../people.ts"

/** `npm run example:orders` beside the running product, as a developer of the other team has them. */
const args = ["--import", "./infra/require-node.mjs", "infra/local/example.ts"]
let stack: RunningStack
let example: Running
let url: string

beforeAll(async () => {
  stack = await startTestStack()
  const port = await freePort()
  example = startNode([...args, "orders-api"], { SYMBOLON_URL: stack.url, PORT: String(port) })
  let ended = false
  void example.ended.then(() => {
    ended = true
  })
  await until(() => ended || example.stdout().includes("orders-api is ready"), 60_000)
  if (ended) throw new Error(`it ended instead: ${JSON.stringify(await example.ended)}`)
  url = `http://127.0.0.1:${port}/prod/orders`
}, 90_000)
afterAll(async () => {
  example.child.kill("SIGINT")
  await example.ended
  await stack.stop()
})

const call = async (bearerToken?: string, method = "GET") => {
  const response = await fetch(url, { method, headers: bearerToken ? { Authorization: `Bearer ${bearerToken}` } : {} })
  return { status: response.status, body: await response.json(), challenge: response.headers.get("WWW-Authenticate") }
}

test("every caller may read, and is known", async () => {
  const { bearerToken, userId } = await aService(stack, "Member")
  const { status, body } = await call(bearerToken)
  expect([status, body]).toMatchObject([200, { caller: { userId, role: "Member" } }])
})

test("who may write is decided there, by role", async () => {
  const [editor, member] = [await aService(stack, "Editor"), await aService(stack, "Member")]
  const created = await call(editor.bearerToken, "POST")
  expect([created.status, created.body]).toMatchObject([201, { orderedBy: editor.userId }])
  const { status, body } = await call(member.bearerToken, "POST")
  expect([status, body]).toMatchObject([403, { type: "urn:symbolon:problem:insufficient-role", status: 403 }])
})

test("a token is refused on the very next request after its revocation, and says why", async () => {
  const { bearerToken, tokenId } = await aService(stack, "Editor")
  expect((await call(bearerToken)).status).toBe(200)
  await stack.admin["user-tokens/update"]({ id: tokenId, body: { active: false } })
  expect(await call(bearerToken)).toMatchObject({
    status: 401,
    body: { type: "urn:symbolon:problem:token-revoked", title: "Token revoked", status: 401 },
    challenge: 'Bearer realm="api", error="invalid_token"',
  })
})

test("a missing credential is challenged", async () => {
  expect(await call()).toMatchObject({
    status: 401,
    body: { type: "urn:symbolon:problem:authentication-required" },
    challenge: 'Bearer realm="api"',
  })
})

test("a use there is a use here", async () => {
  const { bearerToken, tokenId } = await aService(stack)
  await call(bearerToken)
  await until(async () => (await stack.admin["user-tokens/get"]({ id: tokenId })).last_used !== null)
})

test.each([
  ["an example that isn't there", ["orders"], 'there is no example "orders", but orders-api'],
  ["nothing to ask", ["orders-api"], "nothing answers at http://127.0.0.1:1: run npm start in another terminal"],
])("%s is said, with what to do", async (_, names, message) => {
  const { status, stderr } = await startNode([...args, ...names], { SYMBOLON_URL: "http://127.0.0.1:1" }).ended
  expect([status, stderr]).toEqual([1, expect.stringContaining(message)])
})
