import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { toContext } from "../shared/contract/caller.ts"
import { measured } from "../shared/contract/metrics.ts"
import { type Refusal, told } from "../shared/contract/refusals.ts"
import { redact } from "../shared/contract/scanner.ts"
import type { SecretCache } from "../shared/secret-cache.ts"
import { accountKey, type Key, tokenKey } from "../shared/store/table.ts"
import { type Claim, parseUnverified } from "../shared/token/format.ts"
import { digestUnder, isOutdated, type Keyring, mintingKey, UnknownKey } from "../shared/token/keyring.ts"
import { networkOf } from "../shared/token/network.ts"
import { usedEvent } from "../shared/token/usage-line.ts"
import {
  type Finding,
  type Verdict,
  type VerifiableAccount,
  type VerifiableToken,
  verdict,
  wantsRecord,
} from "../shared/token/verdict.ts"
import { type AwsRequest, jittered } from "./aws-request.ts"
import { clientAddress } from "./client-address.ts"

/** The two secrets of the authorizer, read in one call. */
export interface Secrets {
  keyring: Keyring
  /** Proves that a request came through our own CDN. */
  edge: string
}

export interface Ports {
  now: () => number
  tableName: string
  stage: string
  dynamodb: AwsRequest
  secrets: SecretCache<Secrets>
  /** Writes one JSON object as one line. */
  write: (line: object) => void
}

type Event = APIGatewayRequestAuthorizerEvent

/**
 * Bearer credential → Allow with the caller's context, or Deny with a code from `refusals`. Without any credential it throws
 * "Unauthorized", which API Gateway turns into the plain challenge; when the table or the keyring can't be reached it throws
 * anything else, which becomes a 503: never a 401, on which clients throw good credentials away.
 */
export const authorizer =
  (ports: Ports) =>
  async (event: Event): Promise<APIGatewayAuthorizerResult> => {
    const credentials = authorizations(event)
    if (credentials.length === 0) {
      ports.write({ event: "token.missing", ...origin(event, ports.now()) })
      throw new Error("Unauthorized")
    }
    // Stryker disable next-line StringLiteral: there is one; the types don't know
    const [credential = ""] = credentials
    const bearerToken = credential.replace(/^bearer +/i, "")
    const claim = credentials.length === 1 && bearerToken !== credential ? parseUnverified(bearerToken) : undefined
    // Garbage ends here: it costs no I/O.
    if (!claim) return refuse(ports, event, { code: "invalid-token" }, {})
    try {
      return await withinDeadline(verify(ports, event, bearerToken, claim))
    } catch (error) {
      ports.write({
        event: "verification.failed",
        ...origin(event, ports.now()),
        claimedHandle: claim.handle,
        error: (error as Error).message,
        ...measured("Count", { AuthorizerFault: 1 }, ports.stage, ports.now()),
      })
      throw error
    }
  }

/** Below the 3 s in which a caller gets an answer, and the Lambda's own timeout, which would end a warm environment. */
const deadlineMilliseconds = 2800

const withinDeadline = <T>(verification: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("deadline")), deadlineMilliseconds)
    verification.finally(() => clearTimeout(timer)).then(resolve, reject)
  })

/**
 * A verification of no token at all, that leaves no line: the first calls to both services, with their connections and keys, and
 * the first run of the code. For INIT, which has a full CPU whatever the memory.
 */
export const warmUp = (ports: Ports): Promise<unknown> =>
  verify(
    { ...ports, write: () => {} },
    // Stryker disable next-line StringLiteral,ObjectLiteral: nobody gets to see what it answers
    { methodArn: "", requestContext: { identity: { sourceIp: "0.0.0.0" } } } as Event,
    // Stryker disable next-line StringLiteral: the digest of any text takes as long
    "",
    // Stryker disable next-line StringLiteral: it is in no line
    { accountId: 0, tokenId: 0, handle: "" },
  )

async function verify(ports: Ports, event: Event, bearerToken: string, claim: Claim) {
  const keys = [tokenKey(claim.tokenId), accountKey(claim.accountId)] as const
  const [secrets, rows] = await Promise.all([ports.secrets.get(), readRows(ports, keys)])
  const token = rows.get(keys[0].PK) as VerifiableToken | undefined
  const account = rows.get(keys[1].PK) as VerifiableAccount | undefined
  const now = ports.now()
  const address = clientAddress(event, secrets.edge)

  const judge = (keyring: Keyring): Verdict & { digestUnder: (keyPath: string) => Buffer; minting: string } => {
    const minting = mintingKey(keyring, now)
    const digests: Record<string, Buffer> = {}
    const memoized = (keyPath: string): Buffer => {
      digests[keyPath] ??= digestUnder(keyring, keyPath, bearerToken)
      return digests[keyPath]
    }
    const presented = { ...claim, digestUnder: memoized, mintingKey: minting, clientAddress: address }
    return { ...verdict(presented, token, account, now), digestUnder: memoized, minting }
  }
  const judged = await withKnownKeys(ports, secrets, judge)

  const where = { ip: address, network: networkOf(address) }
  if (!judged.accepted) {
    const handle = judged.code === "invalid-token" ? "claimedHandle" : "handle"
    return refuse(ports, event, judged, { [handle]: claim.handle, ...where })
  }
  const { matched, minting } = judged
  const matchedDigest = judged.token[matched] as VerifiableToken["current"]
  const record = wantsRecord(judged.token, matched, minting, where.network, now)
  ports.write({
    event: record ? usedEvent : "token.verified",
    ...origin(event, now),
    ...where,
    ...claim,
    matched,
    generation: matchedDigest.generation,
    ...(isOutdated(matchedDigest.keyPath, minting) && {
      rehash: {
        fromKeyPath: matchedDigest.keyPath,
        toKeyPath: minting,
        digest: judged.digestUnder(minting).toString("base64"),
      },
    }),
  })
  return policy("Allow", judged.account.userId, event, toContext(judged.account, judged.token, claim.handle, address))
}

/** A row can name a key that came after our copy of the keyring: fetch it once, and if it is unknown still, fail. */
async function withKnownKeys<T>(ports: Ports, secrets: Secrets, judge: (keyring: Keyring) => T): Promise<T> {
  try {
    return judge(secrets.keyring)
  } catch (error) {
    if (!(error instanceof UnknownKey)) throw error
    return judge((await ports.secrets.refetch()).keyring)
  }
}

interface Refused {
  code: Refusal
  finding?: Finding
}

function refuse(ports: Ports, event: Event, { code, finding }: Refused, known: object) {
  const now = ports.now()
  const counts = { Refused: 1, ...(finding && { [finding]: 1 }) }
  ports.write({
    event: "token.refused",
    code,
    ...origin(event, now),
    ...known,
    ...measured("Count", counts, ports.stage, now, code),
  })
  return policy("Deny", "refused", event, { code, ...told(code) })
}

/** What every line says of its request. The route's template, not its path: a caller can put a secret into a path. */
function origin({ requestContext, httpMethod, resource }: Event, at: number) {
  const { apiId, requestId, extendedRequestId, identity } = requestContext
  return {
    at,
    apiId,
    requestId: extendedRequestId ?? requestId,
    ip: identity.sourceIp,
    route: `${httpMethod} ${resource}`,
    userAgent: redact(identity.userAgent ?? "").slice(0, 200),
  }
}

/** All values of all Authorization headers, however their name is written; blank ones alone are none. */
function authorizations({ multiValueHeaders }: Event): string[] {
  const values: string[] = []
  for (const name in multiValueHeaders)
    if (name.toLowerCase() === "authorization") values.push(...(multiValueHeaders[name] ?? []))
  return values.some((value) => value.trim()) ? values : []
}

/** A policy holds 512 characters, so it names the method and a wildcard: at a result TTL of 0 it serves this request only. */
function policy(
  Effect: "Allow" | "Deny",
  principalId: string,
  event: Event,
  context: Record<string, string | number | undefined>,
) {
  // The API, its stage and the method.
  const Resource = `${event.methodArn.split("/", 3).join("/")}/*`
  return {
    principalId,
    policyDocument: { Version: "2012-10-17", Statement: [{ Action: "execute-api:Invoke", Effect, Resource }] },
    context,
  }
}

/** A value in DynamoDB's JSON; of the types, those that rows of ours have. */
interface Attribute {
  S?: string
  N?: string
  B?: string
  L?: Attribute[]
  M?: Record<string, Attribute>
  BOOL?: boolean
}
const rereads = 2

/** One strongly consistent BatchGetItem; rows by PK. An unprocessed key is not an absent one: retried, then a fault. */
async function readRows(ports: Ports, keys: readonly Key[]): Promise<Map<string, object>> {
  const rows = new Map<string, object>()
  let Keys: object[] = keys.map(({ PK, SK }) => ({ PK: { S: PK }, SK: { S: SK } }))
  for (let n = 0; Keys.length > 0; n++) {
    if (n > rereads) throw new Error("unprocessed keys")
    // What leaves a key unprocessed is throttling.
    if (n > 0) await jittered(50 * n)
    const answer = await ports.dynamodb("BatchGetItem", {
      RequestItems: { [ports.tableName]: { Keys, ConsistentRead: true } },
    })
    const { Responses, UnprocessedKeys } = answer as {
      Responses?: Record<string, Record<string, Attribute>[]>
      UnprocessedKeys?: Record<string, { Keys: object[] }>
    }
    for (const item of Responses?.[ports.tableName] ?? []) {
      const row = plainMap(item)
      rows.set(row.PK as string, row)
    }
    Keys = UnprocessedKeys?.[ports.tableName]?.Keys ?? []
  }
  return rows
}

/** Attributes in DynamoDB's JSON as plain values, in their place: V8 is slow to make a new object of so many. */
function plainMap(attributes: Record<string, unknown>): Record<string, unknown> {
  for (const name in attributes) attributes[name] = plain(attributes[name] as Attribute)
  return attributes
}

/** An attribute has one member, named by its type. By name, which is faster than to ask for the name. */
function plain({ S, N, B, L, M, BOOL }: Attribute): unknown {
  if (S !== undefined) return S
  if (N !== undefined) return Number(N)
  if (B !== undefined) return Buffer.from(B, "base64")
  if (L) return L.map(plain)
  // Stryker disable next-line ConditionalExpression: rows have members of that type, and no verdict reads one
  return M ? plainMap(M) : BOOL
}
