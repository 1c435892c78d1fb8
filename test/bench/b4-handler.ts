import { createRequire } from "node:module"
import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { authorizer, type Ports } from "../../functions/authorize.ts"
import { accountKey, tokenKey } from "../../shared/store/table.ts"
import { mint, parseUnverified } from "../../shared/token/format.ts"
import { digestUnder, mintingKey } from "../../shared/token/keyring.ts"
import { type VerifiableAccount, type VerifiableToken, verdict } from "../../shared/token/verdict.ts"
import { anAccount, aVerifiableToken } from "../builders.ts"
import { testKeyring } from "../fakes.ts"
import { issueCredentials } from "./credentials.ts"
import { benchKey } from "./keyring.ts"
import type { Lab } from "./lab.ts"
import { inBlocks, median, type Operation, quantile, ratioOf, rounded, valuesOf } from "./measure.ts"
import { subject } from "./peers.ts"
import type { Scenario } from "./scenario.ts"

const verification = "**Symbolon: format, digest, lookup, verdict**"
const whole = "**Symbolon: the whole handler**, its event, its policy, its line in the log"
const betterAuth = "better-auth api-key, in memory"
const jose = "jose, HS256"
const fastJwt = "fast-jwt, HS256, no cache"

const [accountId, tokenId] = [3812345678901234, 3812345678905678]
const bearerToken = mint("Service", accountId, tokenId, new Uint8Array(32).fill(7))
const address = "203.0.113.7"
const keyring = testKeyring()

const account = anAccount({ id: accountId, teams: ["sales", "support"] })
const token: VerifiableToken = aVerifiableToken({
  id: tokenId,
  accountId,
  current: { digest: digestUnder(keyring, "k1", bearerToken), keyPath: "k1", generation: 1 },
  expiresAt: Date.now() + 1e10,
  lastUsed: Date.now(),
  networks: { "203.0.113.0/24": Date.now() },
})

/** What a library does, and no more: the credential against a store in memory, in which others are too. */
function ourVerification(): Operation {
  const rows = new Map<string, unknown>()
  for (let id = 1; id < 10_000; id++) rows.set(tokenKey(id).PK, token)
  rows.set(tokenKey(tokenId).PK, token).set(accountKey(accountId).PK, account)
  const once = () => {
    const now = Date.now()
    const claim = parseUnverified(bearerToken)
    if (!claim) throw new Error("refused")
    const digests: Record<string, Buffer> = {}
    const digestOf = (keyPath: string) => {
      digests[keyPath] ??= digestUnder(keyring, keyPath, bearerToken)
      return digests[keyPath]
    }
    const minting = mintingKey(keyring, now)
    const presented = { ...claim, digestUnder: digestOf, mintingKey: minting, clientAddress: address }
    const found = rows.get(tokenKey(claim.tokenId).PK) as VerifiableToken
    const owner = rows.get(accountKey(claim.accountId).PK) as VerifiableAccount
    if (!verdict(presented, found, owner, now).accepted) throw new Error("refused")
  }
  return { name: verification, once }
}

/** The Lambda's handler, with the rows of the table at hand as DynamoDB's JSON: all that isn't I/O. */
async function ourHandler({ table }: Lab): Promise<Operation> {
  await table.put({ ...token, ...tokenKey(tokenId), name: "production" })
  await table.put({ ...account })
  process.env.BEARER_TOKEN = bearerToken
  const { event } = createRequire(import.meta.url)("./processes/event.cjs") as {
    event: APIGatewayRequestAuthorizerEvent
  }
  const response = await fetch(table.endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "DynamoDB_20120810.BatchGetItem",
      "x-amz-date": "20260101T000000Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=a",
    },
    body: JSON.stringify({
      RequestItems: {
        [table.name]: {
          Keys: [tokenKey(tokenId), accountKey(accountId)].map(({ PK, SK }) => ({ PK: { S: PK }, SK: { S: SK } })),
        },
      },
    }),
  })
  const answer = await response.text()
  const secrets = { keyring, edge: "edge" }
  const ports: Ports = {
    now: Date.now,
    tableName: table.name,
    stage: "bench",
    dynamodb: async () => JSON.parse(answer),
    secrets: { get: async () => secrets, refetch: async () => secrets },
    write: (line) => void JSON.stringify(line),
  }
  const handler = authorizer(ports)
  const once = async () => {
    const { policyDocument } = await handler(event)
    if ((policyDocument.Statement[0] as { Effect: string }).Effect !== "Allow") throw new Error("refused")
  }
  return { name: whole, once }
}

interface Verifiers {
  verifiers: (credentials: object) => Promise<Record<string, () => unknown>>
}

export const handler: Scenario = {
  id: "B4",
  title: "the handler alone, without a network",
  about:
    "One good credential is verified, in one process, in blocks of 25 ms. Microseconds, medians; `cpu` is of all threads, since WebCrypto, bcrypt and argon2 work in others. Libraries get their " +
    "credential and what they need in memory. Ours stands here twice: as they do, and as the whole Lambda, which reads an event of API Gateway, two rows in DynamoDB's JSON, and writes policy and log line. " +
    "bcryptjs and argon2 are slow by purpose: for passwords, which 32 random bytes are not.",
  run: async ({ lab: open, rounds }) => {
    const lab = await open()
    const credentials = await issueCredentials(lab)
    process.env.BENCH_KEY = benchKey
    const { verifiers } = await subject<Verifiers>("verifiers")
    const peers = await verifiers({ bearerToken, BENCH_KEY: benchKey, ...credentials })
    const operations = [
      ourVerification(),
      await ourHandler(lab),
      ...Object.entries(peers).map(([name, once]) => ({ name, once })),
    ]
    const samples = await inBlocks(operations, rounds(25))
    const cpu = (name: string) => median(valuesOf(samples.get(name) ?? [], "cpu"))
    return {
      tables: [
        {
          rows: operations.map(({ name }) => {
            const wall = valuesOf(samples.get(name) ?? [], "wall")
            return {
              subject: name,
              cpu: rounded(cpu(name)),
              "cpu, p10": rounded(quantile(valuesOf(samples.get(name) ?? [], "cpu"), 0.1)),
              wall: rounded(median(wall)),
              "× ours": rounded(cpu(name) / cpu(verification)),
            }
          }),
        },
      ],
      figures: [
        {
          what: "CPU, ours / better-auth",
          value: ratioOf(samples, verification, betterAuth, "cpu"),
          gate: 1 / 30,
          aim: 1 / 80,
        },
        { what: "CPU, ours / jose", value: ratioOf(samples, verification, jose, "cpu"), gate: 1 / 5 },
        { what: "CPU, ours / fast-jwt", value: ratioOf(samples, verification, fastJwt, "cpu"), aim: 1 / 2 },
        { what: "CPU, our whole handler / better-auth", value: ratioOf(samples, whole, betterAuth, "cpu") },
        { what: "CPU, our whole handler / jose", value: ratioOf(samples, whole, jose, "cpu") },
      ],
    }
  },
}
