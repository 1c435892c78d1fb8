import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { authorizer } from "../../functions/authorize.ts"
import { awsRequest } from "../../functions/aws-request.ts"
import { closed, portOf } from "../../infra/local/secrets.ts"
import { secretCache } from "../../shared/secret-cache.ts"
import { createToken, type IssuedToken } from "../../shared/store/tokens.ts"
import { parseKeyring } from "../../shared/token/keyring.ts"
import { anAdmin } from "../builders.ts"
import { type Clock, fakeRuntime, frozenClock } from "../fakes.ts"
import { anAccount, tokenBody } from "../races/accounts.ts"
import { createTestTable, credentials, type TestTable } from "../tables.ts"

/**
 * F2: Secrets Manager is away, throttles, or has an older value; the authorizer is warm or cold, knows the row's key or not. Kills the
 * mutants f2-value-dropped, f2-unknown-key-is-refusal and f2-forgotten.
 */
const k1 = "a-key-of-a-test-keyring-0123456789abcdef"
const k2 = "another-key-of-a-test-keyring-0123456789"
const before = JSON.stringify({ mintFrom: {}, k1 })
const start = "2026-11-23T12:00:00Z"
/** k2 is announced, and mints from one. */
const rotating = JSON.stringify({ mintFrom: { k2: "2026-11-23T13:00:00Z" }, k1, k2 })
const hour = 3_600_000

type Trouble = "absent" | "throttled" | "refused" | "broken"
let trouble: Trouble | undefined
let secret: string
let asked: number
let server: Server
let table: TestTable
let clock: Clock
let accounts = 0

beforeAll(async () => {
  table = await createTestTable()
  server = createServer((_, response) => {
    asked++
    const refuse = (status: number, __type: string) => response.writeHead(status).end(JSON.stringify({ __type }))
    if (trouble === "absent") return void response.destroy()
    if (trouble === "throttled") return void refuse(400, "ThrottlingException")
    if (trouble === "refused") return void refuse(400, "ResourceNotFoundException")
    const SecretString = trouble === "broken" ? "{" : secret
    response.writeHead(200).end(JSON.stringify({ SecretString }))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
})
afterAll(() => closed(server))
beforeEach(() => {
  ;[trouble, secret, asked] = [undefined, before, 0]
  clock = frozenClock(start)
})

const env = (endpoint: string) => ({
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_ENDPOINT_URL: endpoint,
})

/** An execution environment of its own: cold until it has verified once. */
function environment() {
  const request = awsRequest("secretsmanager", env(`http://127.0.0.1:${portOf(server)}`))
  const fetchSecrets = async () => {
    const { SecretString } = await request("GetSecretValue", { SecretId: "keyring" })
    return { keyring: parseKeyring(String(SecretString)), edge: "edge" }
  }
  const authorize = authorizer({
    now: clock.now,
    tableName: table.name,
    stage: "test",
    dynamodb: awsRequest("dynamodb", env(table.endpoint)),
    secrets: secretCache(fetchSecrets, clock.now),
    write: () => {},
  })
  /** "Allow", the code of a refusal, "401" for the plain challenge, "503" for a fault. */
  return async ({ bearer_token }: Pick<IssuedToken, "bearer_token">): Promise<string> => {
    const event = {
      methodArn: "arn:aws:execute-api:us-east-1:1:api/api/GET/x",
      multiValueHeaders: { Authorization: [`Bearer ${bearer_token}`] },
      requestContext: { identity: { sourceIp: "203.0.113.7" } },
    } as unknown as APIGatewayRequestAuthorizerEvent
    return authorize(event).then(
      ({ policyDocument: { Statement }, context }) =>
        (Statement[0] as { Effect: string }).Effect === "Allow" ? "Allow" : String(context?.code),
      ({ message }: Error) => (message === "Unauthorized" ? "401" : "503"),
    )
  }
}

/** Under the key that this keyring mints from now. */
async function aToken(keyring = before): Promise<IssuedToken> {
  const { user } = await anAccount(table, `f2 ${accounts++}`, 0)
  const runtime = { ...fakeRuntime(table.table, clock), keyring: async () => parseKeyring(keyring) }
  return createToken(runtime, anAdmin(), "all", tokenBody(user.user_id, "t"))
}

describe.each<Trouble>(["absent", "throttled", "refused", "broken"])("F2 Secrets Manager is %s", (word) => {
  test("a warm authorizer verifies all, for a day", async () => {
    const token = await aToken()
    const verify = environment()
    expect(await verify(token)).toBe("Allow")
    trouble = word
    const answers = new Set<string>()
    for (let passed = 0; passed < 24; passed += 2) {
      clock.advance(2 * hour)
      answers.add(await verify(token))
    }
    expect([...answers]).toEqual(["Allow"])
  })

  test("a cold one is 503, never 401, and works with its first answer", async () => {
    const token = await aToken()
    const verify = environment()
    trouble = word
    expect(await Promise.all([token, token, token].map(verify))).toEqual(["503", "503", "503"])
    // What is no token of ours costs no secret, then as ever.
    const before = asked
    expect(await verify({ bearer_token: "garbage" })).toBe("invalid-token")
    expect(asked).toBe(before)
    trouble = undefined
    expect(await verify(token)).toBe("Allow")
  })

  test("a row under a key that a warm one has never heard of is 503, and the others go on", async () => {
    const old = await aToken()
    const verify = environment()
    expect(await verify(old)).toBe("Allow")
    trouble = word
    clock.advance(hour + 1000)
    const young = await aToken(rotating)
    expect([await verify(young), await verify(old)]).toEqual(["503", "Allow"])
    // The key arrives with the first answer, half a minute later at most.
    ;[trouble, secret] = [undefined, rotating]
    clock.advance(30_000)
    expect([await verify(young), await verify(old)]).toEqual(["Allow", "Allow"])
  })

  test("in the middle of a rotation of the keyring, that began before: nothing is refused, the new key's tokens neither", async () => {
    const old = await aToken()
    const verify = environment()
    expect(await verify(old)).toBe("Allow")
    secret = rotating
    clock.advance(600_000)
    expect(await verify(old)).toBe("Allow")
    trouble = word
    clock.advance(hour)
    const young = await aToken(rotating)
    expect([await verify(old), await verify(young)]).toEqual(["Allow", "Allow"])
  })
})

describe("F2 Secrets Manager is stale", () => {
  test("a warm authorizer and a cold one verify what they know; a row under the key that is still to come is 503, and Allow once it has come", async () => {
    const old = await aToken()
    const [warm, cold] = [environment(), environment()]
    expect(await warm(old)).toBe("Allow")
    clock.advance(hour + 1000)
    const young = await aToken(rotating)
    for (const verify of [warm, cold]) expect([await verify(old), await verify(young)]).toEqual(["Allow", "503"])
    secret = rotating
    clock.advance(30_000)
    for (const verify of [warm, cold]) expect([await verify(old), await verify(young)]).toEqual(["Allow", "Allow"])
  })

  test("one that goes back to the value before the rotation: who needs the new key is 503 and never refused, until it is there again", async () => {
    const verify = environment()
    const old = await aToken()
    secret = rotating
    clock.advance(hour + 1000)
    const young = await aToken(rotating)
    expect([await verify(old), await verify(young)]).toEqual(["Allow", "Allow"])
    secret = before
    clock.advance(600_000)
    expect([await verify(old), await verify(young)]).toEqual(["Allow", "503"])
    secret = rotating
    clock.advance(30_000)
    expect([await verify(old), await verify(young)]).toEqual(["Allow", "Allow"])
  })
})
