import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { beforeAll, describe, expect, test } from "vitest"
import { authorizer } from "../../functions/authorize.ts"
import { awsRequest } from "../../functions/aws-request.ts"
import { secretCache } from "../../shared/secret-cache.ts"
import { type IssuedToken, updateToken } from "../../shared/store/tokens.ts"
import { anAdmin } from "../builders.ts"
import { testKeyring } from "../fakes.ts"
import { byChance, type Fault, startFaultProxy } from "../fault-proxy.ts"
import { anAccount, lambdaOn } from "../races/accounts.ts"
import { rounds } from "../rounds.ts"
import { createTestTable, credentials, type TestTable } from "../tables.ts"

/**
 * F1 of the authorizer: its own requests, to a table that is faulted at the transport. A 503 is what it throws, of any words but
 * "Unauthorized". Kills the mutants f1-fault-is-refusal and f1-unprocessed-is-unknown.
 */
let table: TestTable
let [good, revoked] = [] as unknown as [IssuedToken, IssuedToken]
beforeAll(async () => {
  table = await createTestTable()
  ;[good, revoked] = (await anAccount(table, "f1", 2)).tokens as [IssuedToken, IssuedToken]
  await updateToken(lambdaOn(table), anAdmin(), "all", revoked.id, { active: false })
})

/** An execution environment, whose requests to the table meet faults. */
async function environment(decide: () => Fault | undefined) {
  const proxy = await startFaultProxy(table.endpoint, decide)
  const authorize = authorizer({
    now: Date.now,
    tableName: table.name,
    stage: "test",
    dynamodb: awsRequest("dynamodb", {
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint,
    }),
    secrets: secretCache(async () => ({ keyring: testKeyring(), edge: "edge" }), Date.now),
    write: () => {},
  })
  const verify = async ({ bearer_token }: Pick<IssuedToken, "bearer_token">): Promise<string> => {
    const event = {
      methodArn: "arn:aws:execute-api:us-east-1:1:api/api/GET/x",
      multiValueHeaders: { Authorization: [`Bearer ${bearer_token}`] },
      requestContext: { identity: { sourceIp: "203.0.113.7" } },
    } as unknown as APIGatewayRequestAuthorizerEvent
    // A timer of its own beside the authorizer's: of two that are due, Node fires the earlier one first, however slow the machine is.
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve("later than 3 s"), 3000)
    })
    const answered = authorize(event).then(
      ({ policyDocument: { Statement }, context }) =>
        (Statement[0] as { Effect: string }).Effect === "Allow" ? "Allow" : String(context?.code),
      (error: Error) => (error.message === "Unauthorized" ? "401" : "503"),
    )
    return Promise.race([answered, late]).finally(() => clearTimeout(timer))
  }
  return { verify, proxy }
}

describe("F1 a table that stays", () => {
  test.for<[string, Fault]>([
    ["unreachable", "down"],
    ["at 5xx", "server-error"],
    ["throttled", "throttled"],
    ["2 s slow", "slow"],
    ["unheard: its answers are lost", "lost"],
    ["full of unprocessed keys", "unprocessed"],
  ])("%s, is 503 within 3 s for the good and the revoked token, and 401 for what is none", async ([, fault]) => {
    const { verify, proxy } = await environment(() => fault)
    expect(await Promise.all([good, revoked].map(verify))).toEqual(["503", "503"])
    const asked = proxy.seen.length
    expect(await verify({ bearer_token: `${good.bearer_token}x` })).toBe("invalid-token")
    expect(proxy.seen).toHaveLength(asked)
    await proxy.stop()
  })
})

test("F1 of faults that pass, lost answers, unprocessed keys and some of each other kind, no verdict is wrong", async () => {
  const decide = byChance({ lost: 0.15, unprocessed: 0.2, throttled: 0.1, "server-error": 0.05, down: 0.05 }, 1)
  const { verify, proxy } = await environment(decide)
  const counts: Record<string, number> = {}
  for (const _ of rounds(100)) {
    const [one, other] = [await verify(good), await verify(revoked)]
    expect(["Allow", "503"]).toContain(one)
    expect(["token-revoked", "503"]).toContain(other)
    for (const answer of [one, other]) counts[answer] = (counts[answer] ?? 0) + 1
  }
  // Nearly all of them come through, or the retries are worth nothing.
  expect(counts.Allow).toBeGreaterThan(counts["503"] ?? 0)
  await proxy.stop()
})
