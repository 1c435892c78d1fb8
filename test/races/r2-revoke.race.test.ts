import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { beforeAll, expect, test } from "vitest"
import { authorizer } from "../../functions/authorize.ts"
import { awsRequest } from "../../functions/aws-request.ts"
import { secretCache } from "../../shared/secret-cache.ts"
import { createToken, updateToken } from "../../shared/store/tokens.ts"
import { createUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { fakeRuntime, frozenClock, testKeyring } from "../fakes.ts"
import { rounds } from "../rounds.ts"
import { createTestTable, credentials, type TestTable } from "../tables.ts"
import { isLinearizable, type Operation } from "./linearizable.ts"

/** R2. Kills the mutants r2-cached-rows and r2-state-unchecked. */
const verifiers = 6
let table: TestTable

beforeAll(async () => {
  table = await createTestTable()
})

test("R2 no verification that begins after a revocation was acknowledged is accepted", async () => {
  const runtime = fakeRuntime(table.table, frozenClock(Date.now()))
  const { user } = await createUser(runtime, anAdmin(), { user_type: "Service", name: "r2", role: "Member", teams: [] })
  let verifications = 0
  for (let round = 0; round < rounds(60); round++) {
    const token = await createToken(runtime, anAdmin(), "all", {
      name: `t${round}`,
      type: "Service",
      user_id: user.user_id,
      expiration: "30d",
      allowed_cidrs: [],
    })
    const history: Operation[] = []
    let refusals = 0
    const verify = verifier(token.bearer_token)
    const verifying = Array.from({ length: verifiers }, async () => {
      // Until well after the acknowledgement: each verifier has seen a few refusals.
      for (let seen = 0; seen < 5; verifications++) {
        const start = performance.now()
        const kind = await verify()
        history.push({ kind, start, end: performance.now() })
        if (kind === "refused") refusals++
        seen = kind === "refused" ? seen + 1 : seen
        if (history.length > 5000) throw new Error("never refused")
      }
    })
    // Begin somewhere in the middle of the traffic: after a number of verifications, not after a time.
    while (history.length < 5 + (round % 25)) await new Promise(setImmediate)
    const start = performance.now()
    await updateToken(fakeRuntime(table.table), anAdmin(), "all", token.id, { active: false })
    history.push({ kind: "revoke", start, end: performance.now() })
    await Promise.all(verifying)
    expect(refusals).toBe(verifiers * 5)
    expect(isLinearizable(history)).toBe(true)
    await updateToken(runtime, anAdmin(), "all", token.id, { active: true })
    expect(await verify()).toBe("accepted")
    await updateToken(runtime, anAdmin(), "all", token.id, { active: false })
    expect(await verify()).toBe("refused")
  }
  expect(verifications).toBeGreaterThan(rounds(60) * verifiers * 5)
})

/** The authorizer itself, with its hand-signed requests to the engine. */
function verifier(bearerToken: string): () => Promise<"accepted" | "refused"> {
  const env = {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
  }
  const authorize = authorizer({
    now: Date.now,
    tableName: table.name,
    dynamodb: awsRequest("dynamodb", env),
    secrets: secretCache(async () => ({ keyring: testKeyring(), edge: "edge" }), Date.now),
    write: () => {},
  })
  const event = {
    methodArn: "arn:aws:execute-api:us-east-1:1:api/api/GET/x",
    multiValueHeaders: { Authorization: [`Bearer ${bearerToken}`] },
    requestContext: { identity: { sourceIp: "203.0.113.7" } },
  } as unknown as APIGatewayRequestAuthorizerEvent
  return async () => {
    const { policyDocument } = await authorize(event)
    return (policyDocument.Statement[0] as { Effect: string }).Effect === "Allow" ? "accepted" : "refused"
  }
}
