import { DeleteTableCommand } from "@aws-sdk/client-dynamodb"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type LocalTestStack, startTestStack } from "./local-stack.ts"
import { testClient } from "./tables.ts"

let stack: LocalTestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

test("without its table the API answers 503 and when to try again, to good tokens; garbage is 401 as ever", async () => {
  expect((await stack.send("/users/me")).status).toBe(200)
  await testClient(stack.engineEndpoint).send(new DeleteTableCommand({ TableName: "symbolon-local" }))
  const response = await stack.send("/users/me")
  expect(response.status).toBe(503)
  expect(response.headers.get("retry-after")).toBe("2")
  expect(response.headers.get("www-authenticate")).toBeNull()
  expect(await response.json()).toMatchObject({ type: "/api/problems/auth-unavailable", status: 503 })
  expect((await stack.send("/users/me", { token: "garbage" })).status).toBe(401)
})
