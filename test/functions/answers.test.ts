import type { APIGatewayProxyEvent, Context } from "aws-lambda"
import { expect, test } from "vitest"
import { endpoint } from "../../functions/endpoint.ts"
import { Problem } from "../../shared/contract/problems.ts"
import type { Table } from "../../shared/store/dynamodb.ts"
import { fakeRuntime } from "../fakes.ts"

const answer = endpoint(
  "docs/problem",
  async (_, { key }) => {
    if (key !== "known") throw new Problem("not-found")
    return { body: "a page" }
  },
  () => fakeRuntime({} as Table),
)
const get = (slug: string) =>
  answer(
    { headers: {}, pathParameters: { slug }, requestContext: { requestId: "r" } } as unknown as APIGatewayProxyEvent,
    {} as Context,
  )

test("nobody keeps an answer, takes it for something else, or asks again without TLS: a good one and a refusal alike", async () => {
  const [good, refused] = [await get("known"), await get("unknown")]
  expect([good.statusCode, refused.statusCode]).toEqual([200, 404])
  for (const { headers } of [good, refused])
    expect(headers).toMatchObject({
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    })
})
