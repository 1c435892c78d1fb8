// Long because it is the authorizer's whole behaviour on a frozen clock: every code, fault and log line.
import { DeleteCommand } from "@aws-sdk/lib-dynamodb"
import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { beforeEach, describe, expect, test } from "vitest"
import { authorizer, type Ports, type Secrets, warmUp } from "../../functions/authorize.ts"
import { type AwsRequest, awsRequest } from "../../functions/aws-request.ts"
import { secretCache } from "../../shared/secret-cache.ts"
import { accountKey, type Key, tokenKey } from "../../shared/store/table.ts"
import { createToken, updateToken } from "../../shared/store/tokens.ts"
import { createUser, revokeTokens, updateUser } from "../../shared/store/users.ts"
import { parseKeyring } from "../../shared/token/keyring.ts"
import { anAdmin } from "../builders.ts"
import { measuredIn } from "../emf.ts"
import { type FakeRuntime, fakeRuntime, frozenClock, testKeyring } from "../fakes.ts"
import { holdsPartOf } from "../secret-windows.ts"
import { createTestTable, credentials, type TestTable } from "../tables.ts"

const edge = "the-edge-secret-0123456789"
const k1 = "a-key-of-a-test-keyring-0123456789abcdef"
const k2 = "another-key-of-a-test-keyring-0123456789"

let table: TestTable
let runtime: FakeRuntime
let lines: Record<string, unknown>[]
let tableCalls: string[]
let fetches: number
let secrets: () => Promise<Secrets>
let ports: Ports

beforeEach(async () => {
  table ??= await createTestTable()
  runtime = fakeRuntime(table.table, frozenClock())
  runtime.randomBytes = (size) => crypto.getRandomValues(new Uint8Array(size))
  lines = []
  tableCalls = []
  fetches = 0
  secrets = async () => ({ keyring: testKeyring(), edge })
  ports = portsWith(dynamodb())
})

function dynamodb(): AwsRequest {
  const env = {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
  }
  const request = awsRequest("dynamodb", env)
  return (operation, input) => {
    tableCalls.push(operation)
    return request(operation, input)
  }
}

const portsWith = (request: AwsRequest): Ports => ({
  now: runtime.now,
  tableName: table.name,
  stage: "test",
  dynamodb: request,
  secrets: secretCache(() => {
    fetches++
    return secrets()
  }, runtime.now),
  write: (line) => void lines.push(line as Record<string, unknown>),
})

interface EventOptions {
  authorization?: string | string[]
  headers?: Record<string, string>
  sourceIp?: string
  userAgent?: string
}

/** A request as API Gateway hands it to a REQUEST authorizer. */
function eventOf({ authorization, headers = {}, sourceIp = "203.0.113.7", userAgent = "curl" }: EventOptions) {
  const all = {
    ...headers,
    ...(authorization !== undefined && { Authorization: [authorization].flat().at(-1) as string }),
  }
  return {
    type: "REQUEST",
    methodArn: "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/api/GET/users/me",
    resource: "/users/me",
    path: "/users/me",
    httpMethod: "GET",
    headers: all,
    multiValueHeaders: {
      ...Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
      ...(authorization !== undefined && { Authorization: [authorization].flat() }),
    },
    requestContext: {
      apiId: "abcdef1234",
      requestId: "request",
      extendedRequestId: "extended",
      identity: { sourceIp, userAgent },
    },
  } as unknown as APIGatewayRequestAuthorizerEvent
}

const authorize = (options: EventOptions) => authorizer(ports)(eventOf(options))
const effectOf = (result: Awaited<ReturnType<typeof authorize>>) => {
  const statement = result.policyDocument.Statement[0] as { Effect: string; Resource: string }
  return statement.Effect === "Allow" ? "Allow" : (result.context?.code as string)
}
const verdictOn = async (bearerToken: string, more: EventOptions = {}) =>
  effectOf(await authorize({ authorization: `Bearer ${bearerToken}`, ...more }))

const rowOf = async (id: number) =>
  (await table.table.get<Key & Record<string, unknown>>(tokenKey(id))) as Key & Record<string, unknown>

async function aToken(expiration = "30d") {
  const name = `n ${crypto.randomUUID()}`
  const { user } = await createUser(runtime, anAdmin(), {
    user_type: "Service",
    name,
    role: "Editor",
    teams: [],
  })
  const body = { name: "t", type: "Service" as const, user_id: user.user_id, expiration, allowed_cidrs: [] }
  const token = await createToken(runtime, anAdmin(), "all", body)
  return {
    accountId: user.id,
    userId: user.user_id,
    id: token.id,
    handle: token.handle,
    bearer: token.bearer_token,
    expiration: token.expiration,
  }
}

describe("what it answers", () => {
  test("Allow, with the caller's context, for the method and nothing of other methods", async () => {
    const token = await aToken()
    const result = await authorize({ authorization: `Bearer ${token.bearer}` })
    expect(result).toEqual({
      principalId: token.userId,
      policyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Action: "execute-api:Invoke",
            Effect: "Allow",
            Resource: "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/api/GET/*",
          },
        ],
      },
      context: {
        accountId: token.accountId,
        userId: token.userId,
        userType: "Service",
        role: "Editor",
        teams: "",
        tokenId: token.id,
        handle: token.handle,
        clientAddress: "203.0.113.7",
        expiresAt: Date.parse(token.expiration as string),
      },
    })
    const forever = await authorize({ authorization: `Bearer ${(await aToken("never")).bearer}` })
    // API Gateway gets it without what is undefined.
    expect(JSON.parse(JSON.stringify(forever.context))).not.toHaveProperty("expiresAt")
  })

  test("Z1 the scheme in any case and with several spaces, but nothing else", async () => {
    const { bearer } = await aToken()
    for (const authorization of [`bearer ${bearer}`, `BEARER   ${bearer}`])
      expect(effectOf(await authorize({ authorization }))).toBe("Allow")
    const fine = tableCalls.length
    for (const authorization of [
      bearer,
      `Basic ${bearer}`,
      `Bearer\t${bearer}`,
      `Bearer${bearer}`,
      `Bearer ${bearer} `,
      `Bearer ${bearer}\n`,
      ` Bearer ${bearer}`,
      `Bearer "${bearer}"`,
      `Bearer ${bearer}, Bearer ${bearer}`,
      [`Bearer ${bearer}`, `Bearer ${bearer}`],
      [`Bearer ${bearer}`, "Basic x"],
      `Bearer ${bearer.toUpperCase()}`,
      `Bearer ${bearer.replace("symsvc", "symusr")}`,
      "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.x",
      `Bearer ${"a".repeat(1_000_000)}`,
      "Bearer \0",
    ])
      expect(effectOf(await authorize({ authorization }))).toBe("invalid-token")
    expect(tableCalls.length, "a garbage credential costs no table call").toBe(fine)
    expect(fetches).toBe(1)
  })

  test("no credential throws exactly Unauthorized; a blank one is none", async () => {
    await expect(authorize({})).rejects.toThrow(/^Unauthorized$/)
    await expect(authorize({ authorization: " " })).rejects.toThrow(/^Unauthorized$/)
    expect(tableCalls).toEqual([])
  })

  test("Z1 a header name in any case", async () => {
    const { bearer } = await aToken()
    const event = eventOf({})
    event.multiValueHeaders = { aUTHORIZATION: [`Bearer ${bearer}`] }
    expect(effectOf(await authorizer(ports)(event))).toBe("Allow")
    for (const second of [`Bearer ${bearer}`, "", " "]) {
      event.multiValueHeaders = { authorization: [second], Authorization: [`Bearer ${bearer}`] }
      expect(effectOf(await authorizer(ports)(event))).toBe("invalid-token")
    }
  })

  test("each refusal by its code, with a title and a detail", async () => {
    const revoked = await aToken()
    await updateToken(runtime, anAdmin(), "all", revoked.id, { active: false })
    const all = await aToken()
    await revokeTokens(runtime, anAdmin(), all.accountId, { compromised: false })
    const inactive = await aToken()
    await updateUser(runtime, anAdmin(), inactive.accountId, { active: false }, undefined)
    const [known, other] = [await aToken(), await aToken()]
    const unknown = await aToken()
    await table.client.send(deleteCommand(unknown.id))
    expect(await verdictOn(revoked.bearer)).toBe("token-revoked")
    expect(await verdictOn(all.bearer)).toBe("token-revoked")
    expect(await verdictOn(inactive.bearer)).toBe("account-inactive")
    expect(await verdictOn(unknown.bearer)).toBe("invalid-token")
    // A digest that isn't this row's.
    await table.put({ ...(await rowOf(known.id)), current: (await rowOf(other.id)).current })
    expect(await verdictOn(known.bearer)).toBe("invalid-token")
    const result = await authorize({ authorization: `Bearer ${revoked.bearer}` })
    expect(result.context).toEqual({
      code: "token-revoked",
      title: "Token revoked",
      detail: "This token has been revoked.",
    })
  })

  // Kills the mutants f3-expiry-inclusive and f3-seconds-wrap.
  test.each([
    ["of any day", "2026-11-30T12:00:00Z"],
    ["in 2038, past 32 bits of seconds by one", "2038-01-19T03:14:08Z"],
    ["in 2106, past 32 unsigned bits", "2106-02-07T06:28:16Z"],
    ["in the hour that Berlin has twice", "2027-10-31T01:00:00Z"],
    ["in the hour that New York skips", "2027-03-14T07:00:00Z"],
    ["of a leap day", "2028-02-29T23:59:59Z"],
  ])("F3 expiry is exclusive, at an instant %s: a second and a millisecond before, at, after", async (_, instant) => {
    const { bearer } = await aToken(instant)
    const expiresAt = Date.parse(instant)
    for (const [offset, word] of [
      [-1000, "Allow"],
      [-1, "Allow"],
      [0, "token-expired"],
      [1, "token-expired"],
      [1000, "token-expired"],
    ] as const) {
      runtime.clock.set(expiresAt + offset)
      expect([offset, await verdictOn(bearer)]).toEqual([offset, word])
    }
  })

  test("F3 the server's clock counts, and no other: a caller's dates change nothing", async () => {
    const { bearer } = await aToken("7d")
    const dates = (instant: number) => {
      const date = new Date(instant).toUTCString()
      return { headers: { Date: date, "X-Amz-Date": new Date(instant).toISOString(), "If-Modified-Since": date } }
    }
    const expiresAt = runtime.now() + 7 * 86_400_000
    runtime.clock.set(expiresAt - 1000)
    expect(await verdictOn(bearer, dates(expiresAt + 86_400_000))).toBe("Allow")
    runtime.clock.set(expiresAt)
    expect(await verdictOn(bearer, dates(expiresAt - 86_400_000))).toBe("token-expired")
  })

  test("an address that the CDN proves counts; a forged one doesn't", async () => {
    const token = await aToken()
    await updateToken(runtime, anAdmin(), "all", token.id, { allowed_cidrs: ["198.51.100.0/24"] })
    const viewer = { "X-Symbolon-Viewer": "198.51.100.9" }
    expect(await verdictOn(token.bearer, { headers: { ...viewer, "X-Symbolon-Edge": edge } })).toBe("Allow")
    expect(await verdictOn(token.bearer, { headers: { ...viewer, "X-Symbolon-Edge": `${edge}x` } })).toBe(
      "invalid-token",
    )
    expect(await verdictOn(token.bearer, { headers: { ...viewer, "X-Forwarded-For": "198.51.100.9" } })).toBe(
      "invalid-token",
    )
    expect(
      await verdictOn(token.bearer, { headers: { "x-symbolon-viewer": "nonsense", "x-symbolon-edge": edge } }),
    ).toBe("invalid-token")
    expect(await verdictOn(token.bearer, { sourceIp: "198.51.100.1" })).toBe("Allow")
  })
})

describe("what it reads", () => {
  test("one table call a request, and the secrets once", async () => {
    const { bearer } = await aToken()
    for (let n = 0; n < 5; n++) expect(await verdictOn(bearer)).toBe("Allow")
    expect(tableCalls).toEqual(Array(5).fill("BatchGetItem"))
    expect(fetches).toBe(1)
  })

  test("warmUp makes both first calls, and leaves no line", async () => {
    await warmUp(ports)
    expect([tableCalls, fetches, lines]).toEqual([["BatchGetItem"], 1, []])
  })

  test("F1 a key that stays unprocessed is a fault, not an absent row; one that comes later is read", async () => {
    const { bearer } = await aToken()
    let held = 0
    const unprocessed = (times: number): AwsRequest => {
      const request = dynamodb()
      return async (operation, input) => {
        const answer = (await request(operation, input)) as {
          Responses: Record<string, { PK: { S: string } }[]>
          UnprocessedKeys: object
        }
        if (held++ >= times) return answer
        const rows = answer.Responses[table.name] ?? []
        const kept = rows.filter(({ PK }) => PK.S.startsWith("TOK#"))
        const dropped = rows.filter(({ PK }) => PK.S.startsWith("ACC#")).map(({ PK }) => ({ PK, SK: { S: "A" } }))
        return { Responses: { [table.name]: kept }, UnprocessedKeys: { [table.name]: { Keys: dropped } } }
      }
    }
    ports = portsWith(unprocessed(2))
    expect(await verdictOn(bearer)).toBe("Allow")
    held = 0
    ports = portsWith(unprocessed(3))
    await expect(verdictOn(bearer)).rejects.toThrow("unprocessed")
    expect(lines.at(-1)).toMatchObject({ event: "verification.failed", claimedHandle: bearer.slice(0, 25) })
  })

  test("an account that is missing is refused, and reported as an orphan", async () => {
    const token = await aToken()
    ports = portsWith(async (operation, input) => {
      const answer = (await dynamodb()(operation, input)) as { Responses: Record<string, { PK: { S: string } }[]> }
      return {
        Responses: {
          [table.name]: (answer.Responses[table.name] ?? []).filter(({ PK }) => PK.S.startsWith("TOK#")),
        },
      }
    })
    expect(await verdictOn(token.bearer)).toBe("invalid-token")
    expect(lines.at(-1)).toMatchObject({ event: "token.refused", code: "invalid-token", Orphan: 1 })
  })
})

describe("F1, F2 when something is down", () => {
  test("the table or the keyring unreachable throws, which is a 503: never a refusal, never Unauthorized", async () => {
    const { bearer } = await aToken()
    const down = async () => {
      throw new Error("down")
    }
    ports = portsWith(down)
    await expect(verdictOn(bearer)).rejects.toThrow("down")
    ports = portsWith(dynamodb())
    secrets = down
    await expect(verdictOn(bearer)).rejects.toThrow("down")
    expect(lines.map(({ event }) => event)).toEqual(["verification.failed", "verification.failed"])
  })

  test("a table that hangs is a fault within three seconds, not a time-out of the Lambda", async () => {
    const { bearer } = await aToken()
    ports = portsWith(() => new Promise(() => {}))
    await expect(verdictOn(bearer)).rejects.toThrow("deadline")
    expect(lines.at(-1)).toMatchObject({ event: "verification.failed", error: "deadline" })
  })

  test("a warm authorizer goes on with the keyring it has", async () => {
    const { bearer } = await aToken()
    expect(await verdictOn(bearer)).toBe("Allow")
    secrets = async () => {
      throw new Error("down")
    }
    runtime.clock.advance(3_600_000)
    expect(await verdictOn(bearer)).toBe("Allow")
    expect(fetches).toBe(2)
  })

  test("a row under a key that came later: one forced fetch, at most one in 30 s, and 503 while it is unknown", async () => {
    expect(await verdictOn((await aToken()).bearer)).toBe("Allow")
    runtime.keyring = async () => parseKeyring(JSON.stringify({ mintFrom: { k2: "2026-01-01T00:00:00Z" }, k1, k2 }))
    const { bearer } = await aToken()
    runtime.clock.advance(30_000)
    await expect(verdictOn(bearer)).rejects.toThrow("unknown key")
    await expect(verdictOn(bearer)).rejects.toThrow("unknown key")
    expect(fetches).toBe(2)
    secrets = async () => ({ keyring: await runtime.keyring(), edge })
    runtime.clock.advance(29_999)
    await expect(verdictOn(bearer)).rejects.toThrow("unknown key")
    runtime.clock.advance(1)
    expect(await verdictOn(bearer)).toBe("Allow")
    expect(fetches).toBe(3)
  })
})

describe("what it writes", () => {
  test("token.used when the row asks for a record, else token.verified: a minute's pair", async () => {
    const token = await aToken()
    expect(await verdictOn(token.bearer)).toBe("Allow")
    expect(lines.at(-1)).toEqual({
      event: "token.used",
      at: runtime.now(),
      apiId: "abcdef1234",
      requestId: "extended",
      ip: "203.0.113.7",
      route: "GET /users/me",
      userAgent: "curl",
      network: "203.0.113.0/24",
      handle: token.handle,
      accountId: token.accountId,
      tokenId: token.id,
      matched: "current",
      generation: 1,
    })
    const used = { lastUsed: runtime.now(), networks: { "203.0.113.0/24": runtime.now() } }
    await table.put({ ...(await rowOf(token.id)), ...used })
    const eventAfter = async (milliseconds: number, more: EventOptions = {}) => {
      runtime.clock.set(used.lastUsed + milliseconds)
      await verdictOn(token.bearer, more)
      return lines.at(-1)?.event
    }
    expect(await eventAfter(60_000)).toBe("token.verified")
    expect(await eventAfter(60_001)).toBe("token.used")
    expect(await eventAfter(1, { sourceIp: "198.51.100.1" })).toBe("token.used")
    expect(await eventAfter(1, { sourceIp: "203.0.113.250" })).toBe("token.verified")
  })

  test("the new digest, when the row's key is older than the one that mints", async () => {
    const token = await aToken()
    const both = parseKeyring(JSON.stringify({ mintFrom: { k2: "2026-01-01T00:00:00Z" }, k1, k2 }))
    secrets = async () => ({ keyring: both, edge })
    expect(await verdictOn(token.bearer)).toBe("Allow")
    expect(lines.at(-1)).toMatchObject({
      event: "token.used",
      rehash: { fromKeyPath: "k1", toKeyPath: "k2", digest: expect.stringMatching(/^.{43}=$/) },
    })
  })

  // Kills the mutant s1-user-agent-whole.
  test("S1 nothing of a credential, in any line, and a user agent without its tokens, cut to 200", async () => {
    const token = await aToken()
    const secret = token.bearer.slice(26)
    const userAgent = `${token.bearer} ${"x".repeat(300)}`
    await verdictOn(token.bearer, { userAgent })
    await verdictOn(`${token.bearer}x`, { userAgent })
    await updateToken(runtime, anAdmin(), "all", token.id, { active: false })
    await verdictOn(token.bearer, { userAgent })
    const written = JSON.stringify(lines)
    expect(holdsPartOf(secret, written)).toBe(false)
    expect(lines.map(({ userAgent: agent }) => String(agent).length)).toEqual([200, 200, 200])
    expect(lines.map(({ event, code }) => [event, code])).toEqual([
      ["token.used", undefined],
      ["token.refused", "invalid-token"],
      ["token.refused", "token-revoked"],
    ])
    expect(lines[2]).toMatchObject({ handle: token.handle, network: "203.0.113.0/24" })
  })
})

describe("what it measures", () => {
  const stage = { Stage: "test" }
  const refusedBy = (Code: string) => [stage, { ...stage, Code }]
  const last = () => measuredIn(lines.at(-1) as object)
  const rowsOf = (id: number, accountId: number, changes: { token?: object; account?: object | null }): AwsRequest => {
    return async (operation, input) => {
      const answer = (await dynamodb()(operation, input)) as { Responses: Record<string, { PK: { S: string } }[]> }
      const rows = (answer.Responses[table.name] ?? []).flatMap((row) => {
        if (row.PK.S === tokenKey(id).PK) return [{ ...row, ...changes.token }]
        if (row.PK.S !== accountKey(accountId).PK) return [row]
        return changes.account === null ? [] : [{ ...row, ...changes.account }]
      })
      return { Responses: { [table.name]: rows } }
    }
  }

  test("nothing of what is accepted, and nothing of a request without a credential", async () => {
    const { bearer } = await aToken()
    expect(await verdictOn(bearer)).toBe("Allow")
    await expect(authorize({})).rejects.toThrow("Unauthorized")
    expect(lines.map(({ event }) => event)).toEqual(["token.used", "token.missing"])
    expect(lines.map(measuredIn)).toEqual([undefined, undefined])
  })

  test("a refusal, by stage, and by stage and code", async () => {
    await verdictOn("garbage")
    expect(last()).toEqual({ values: { Refused: 1 }, by: refusedBy("invalid-token") })
    const gone = await aToken()
    await table.client.send(deleteCommand(gone.id))
    await verdictOn(gone.bearer)
    expect(last()).toEqual({ values: { Refused: 1 }, by: refusedBy("invalid-token") })
    const revoked = await aToken()
    await updateToken(runtime, anAdmin(), "all", revoked.id, { active: false })
    await verdictOn(revoked.bearer)
    expect(last()).toEqual({ values: { Refused: 1 }, by: refusedBy("token-revoked") })
    const expired = await aToken("7d")
    runtime.clock.advance(7 * 86_400_000)
    await verdictOn(expired.bearer)
    expect(last()).toEqual({ values: { Refused: 1 }, by: refusedBy("token-expired") })
  })

  test("a wrong secret of a token that exists", async () => {
    const [known, other] = [await aToken(), await aToken()]
    await table.put({ ...(await rowOf(known.id)), current: (await rowOf(other.id)).current })
    expect(await verdictOn(known.bearer)).toBe("invalid-token")
    expect(last()).toEqual({ values: { Refused: 1, WrongSecret: 1 }, by: refusedBy("invalid-token") })
    expect(lines.at(-1)).toMatchObject({ claimedHandle: known.handle, ip: "203.0.113.7" })
  })

  test("an orphan", async () => {
    const { id, accountId, bearer } = await aToken()
    ports = portsWith(rowsOf(id, accountId, { account: null }))
    await verdictOn(bearer)
    expect(last()).toEqual({ values: { Refused: 1, Orphan: 1 }, by: refusedBy("invalid-token") })
  })

  test.each([
    ["token", { token: { state: { S: "FROZEN" } } }, "token-revoked"],
    ["account", { account: { state: { S: "FROZEN" } } }, "account-inactive"],
  ])("an unknown state of the %s", async (_whose, changes, code) => {
    const { id, accountId, bearer } = await aToken()
    ports = portsWith(rowsOf(id, accountId, changes))
    expect(await verdictOn(bearer)).toBe(code)
    expect(last()).toEqual({ values: { Refused: 1, UnknownState: 1 }, by: refusedBy(code) })
  })

  test("a fault, which is no refusal", async () => {
    const { bearer } = await aToken()
    ports = portsWith(async () => {
      throw new Error("down")
    })
    await expect(verdictOn(bearer)).rejects.toThrow("down")
    expect(last()).toEqual({ values: { AuthorizerFault: 1 }, by: [stage] })
  })

  test("the caller sees nothing of it: what an unknown token is answered, a wrong secret and an orphan are, too", async () => {
    const [unknown, known, other, orphan] = [await aToken(), await aToken(), await aToken(), await aToken()]
    await table.client.send(deleteCommand(unknown.id))
    await table.put({ ...(await rowOf(known.id)), current: (await rowOf(other.id)).current })
    ports = portsWith(rowsOf(orphan.id, orphan.accountId, { account: null }))
    const answers = []
    for (const { bearer } of [unknown, known, orphan])
      answers.push(await authorize({ authorization: `Bearer ${bearer}` }))
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
  })
})

const deleteCommand = (id: number) => new DeleteCommand({ TableName: table.name, Key: tokenKey(id) })
