import type { APIGatewayProxyEvent, Context } from "aws-lambda"
import { expect, test } from "vitest"
import { endpoint } from "../../functions/endpoint.ts"
import { Problem } from "../../shared/contract/problems.ts"
import { fakeRuntime } from "../fakes.ts"
import { createTestTable } from "../tables.ts"

/** `Token-Expires-In`, on the frozen clock: whole days, the one that has begun included. */
const runtime = fakeRuntime((await createTestTable()).table)
const [second, day] = [1000, 86_400_000]

async function header(left: number | undefined, role = "Admin", call = async () => ({ body: {} as never })) {
  const context = { accountId: "1", userId: "u", userType: "User", role, teams: "", tokenId: "2", handle: "h" }
  const authorizer = {
    ...context,
    clientAddress: "203.0.113.7",
    // As API Gateway hands it on: a text, or nothing.
    ...(left !== undefined && { expiresAt: String(runtime.now() + left) }),
  }
  const event = { headers: {}, requestContext: { authorizer, requestId: "r" } } as unknown as APIGatewayProxyEvent
  const { headers, statusCode } = await endpoint("settings/get", call, () => runtime)(event, {} as Context)
  return [statusCode, headers?.["Token-Expires-In"]]
}

test.each([
  [30 * day + 1, undefined],
  [30 * day, "30"],
  [30 * day - second, "30"],
  [29 * day, "29"],
  [7 * day + second, "8"],
  [7 * day, "7"],
  [1 * day, "1"],
  [second, "1"],
  // It has ended since the authorizer let it in.
  [0, "0"],
  [-second, "0"],
  [undefined, undefined],
])("with %s ms left: %s", async (left, expected) => expect(await header(left)).toEqual([200, expected]))

test("on a refusal and a fault too, since the token is as old there", async () => {
  expect(await header(day, "Member")).toEqual([403, "1"])
  const notFound = async () => {
    throw new Problem("not-found")
  }
  expect(await header(day, "Admin", notFound)).toEqual([404, "1"])
  const fault = async () => {
    throw new Error("ours")
  }
  expect(await header(day, "Admin", fault)).toEqual([500, "1"])
})
