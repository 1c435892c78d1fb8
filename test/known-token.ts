import type { Ports, Secrets } from "../functions/authorize.ts"
import { secretCache } from "../shared/secret-cache.ts"
import { accountKey, type Key, tokenKey } from "../shared/store/table.ts"
import { handleOf, mint } from "../shared/token/format.ts"
import { digestUnder } from "../shared/token/keyring.ts"
import { type Clock, frozenClock, testKeyring } from "./fakes.ts"

/** The one token that there is, and its account, in DynamoDB's JSON: for the authorizer without a table. */
export const [accountId, tokenId] = [3812345678901234, 3812345678905678]
export const bearer = mint("Service", accountId, tokenId, new Uint8Array(32).fill(7))
export const handle = handleOf("Service", accountId, tokenId)
export const digest = digestUnder(testKeyring(), "k1", bearer)

export const keyOf = ({ PK, SK }: Key) => ({ PK: { S: PK }, SK: { S: SK } })
const active = { state: { S: "ACTIVE" }, epoch: { N: "0" } }
export const secretOf = (bytes: Uint8Array, keyPath = "k1") => ({
  M: { keyPath: { S: keyPath }, generation: { N: "1" }, digest: { B: Buffer.from(bytes).toString("base64") } },
})
export const tokenRow = (over: object = {}) => ({
  ...{ ...keyOf(tokenKey(tokenId)), id: { N: String(tokenId) }, accountId: { N: String(accountId) } },
  ...{ ...active, type: { S: "Service" }, current: secretOf(digest), ...over },
})
export const accountRow = (over: object = {}) => ({
  ...{ ...keyOf(accountKey(accountId)), id: { N: String(accountId) }, userId: { S: "a@service" } },
  ...{ ...active, userType: { S: "Service" }, role: { S: "Member" }, teams: { L: [{ S: "blue" }, { S: "red" }] } },
  ...over,
})
export const found = (...rows: object[]): Answer => ({ Responses: { t: rows } })

type Answer = Record<string, unknown>

/** An execution environment's, whose world the test holds. */
export interface KnownPorts extends Ports {
  clock: Clock
  /** What the table is asked. */
  asked: object[]
  /** What it answers, in turn; the last one again and again. A promise may hang, or fail. */
  answers: (Answer | Promise<Answer>)[]
  lines: Record<string, unknown>[]
  /** How often the secrets were fetched. */
  fetches: number
  fetchSecrets: () => Promise<Secrets>
}

export function knownPorts(clock = frozenClock()): KnownPorts {
  const ports: KnownPorts = {
    ...{ clock, asked: [], lines: [], fetches: 0, now: clock.now, tableName: "t", stage: "test" },
    answers: [found(tokenRow(), accountRow())],
    fetchSecrets: async () => ({ keyring: testKeyring(), edge: "the-edge-secret" }),
    dynamodb: async (operation, input) => {
      ports.asked.push({ operation, ...structuredClone(input) })
      // The authorizer changes what it is given.
      return structuredClone(await (ports.answers.length > 1 ? ports.answers.shift() : ports.answers[0])) ?? {}
    },
    secrets: secretCache(() => {
      ports.fetches++
      return ports.fetchSecrets()
    }, clock.now),
    write: (line) => void ports.lines.push(line as Record<string, unknown>),
  }
  return ports
}
