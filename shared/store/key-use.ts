import { type DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb"
import type { Match, SecretDigest } from "../token/verdict.ts"
import { instantOf } from "./instants.ts"
import { handleOfToken } from "./shown-token.ts"
import { type SessionItem, type TokenItem, tokenKey } from "./table.ts"

/** Of a token, or of a session, which is one that ends within hours. */
export type TokenRow = TokenItem | SessionItem

/** Every token and session of the table, page by page, from its beginning each time. Throws what DynamoDB throws. */
export type TokenRows = () => AsyncIterable<TokenRow[]>

/**
 * For an operator's command: it reads the whole table strongly, a read unit for each 4 KB, the audit trail included, and no function
 * is granted the Scan. The indexes would be cheaper, but lag, and have no sessions.
 */
export const tokenRowsOf = (documents: DynamoDBDocumentClient, tableName: string): TokenRows =>
  async function* () {
    // The sort key of tokens, and of nothing else.
    const { SK } = tokenKey(0)
    let from: Record<string, unknown> | undefined
    do {
      const { Items = [], LastEvaluatedKey } = await documents.send(
        new ScanCommand({
          TableName: tableName,
          ConsistentRead: true,
          FilterExpression: "SK = :token",
          ExpressionAttributeValues: { ":token": SK },
          ExclusiveStartKey: from,
        }),
      )
      yield Items as TokenRow[]
      from = LastEvaluatedKey
    } while (from)
  }

/** How many rows there are because of which a key may not go. */
export interface KeyUse {
  /** Rows with a digest that was made under this key last: a use ends it, and so does a re-wrap. */
  under: number
  /** Rows with a digest that can't be verified without this key, those included: only a use of the secret ends it, or the end of the token. */
  needing: number
  /** Rows that need it only for secrets that are over, and never accepted again: the key's retirement forgets these. */
  over: number
  /** The first of those that need it. */
  holders: Holder[]
}

export interface Holder {
  handle: string
  /** Of the first of its secrets that need the key. */
  keyPath: string
  /** What makes it need the key no longer, in words. */
  endedBy: string
}

const mostHolders = 20
/** More than an operator's clock and a Lambda's differ by. */
const clockMilliseconds = 5 * 60_000

const matches: readonly Match[] = ["current", "pending", "previous"]

/** The digests of a row, up to three. */
export const digestsOf = (row: TokenRow): (SecretDigest & { match: Match })[] =>
  matches.flatMap((match) => {
    const digest = row[match]
    return digest ? [{ match, ...digest }] : []
  })

/** `k1.k2` needs both. */
export const needsKey = ({ keyPath }: Pick<SecretDigest, "keyPath">, key: string): boolean =>
  keyPath.split(".").includes(key)

/** True when this secret is never accepted again, whatever anyone does to its token. */
export function isOver(row: TokenRow, match: Match, now: number): boolean {
  const before = now - clockMilliseconds
  if (row.type === "Session" && row.expiresAt !== undefined && row.expiresAt <= before) return true
  if (match === "previous") return (row.supersededAt ?? 0) <= before
  return match === "pending" && row.pendingExpiresAt !== undefined && row.pendingExpiresAt <= before
}

/** Every key that a row names, with the rows that do; `onPage` is told how many tokens have been looked at. */
export async function keyUses(
  rows: TokenRows,
  now: number,
  onPage: (looked: number) => void,
): Promise<Map<string, KeyUse>> {
  const uses = new Map<string, KeyUse>()
  let looked = 0
  for await (const page of rows()) {
    for (const row of page) count(uses, row, now)
    looked += page.length
    onPage(looked)
  }
  return uses
}

export const noUse = (): KeyUse => ({ under: 0, needing: 0, over: 0, holders: [] })

function count(uses: Map<string, KeyUse>, row: TokenRow, now: number): void {
  const digests = digestsOf(row)
  for (const key of new Set(digests.flatMap(({ keyPath }) => keyPath.split(".")))) {
    const use = uses.get(key) ?? noUse()
    uses.set(key, use)
    if (digests.some(({ keyPath }) => keyPath.split(".").at(-1) === key)) use.under += 1
    const [first] = digests.filter((digest) => needsKey(digest, key) && !isOver(row, digest.match, now))
    if (!first) {
      use.over += 1
      continue
    }
    use.needing += 1
    if (use.holders.length < mostHolders)
      use.holders.push({ handle: handleOfToken(row), keyPath: first.keyPath, endedBy: endedBy(row, first.match, now) })
  }
}

function endedBy(row: TokenRow, match: Match, now: number): string {
  if (row.type === "Session") return `its end at ${instantOf(row.expiresAt as number)}, or a use`
  if (row.state !== "ACTIVE") return "its deletion: it is revoked"
  if (row.expiresAt !== undefined && row.expiresAt <= now) return "its deletion: it has expired"
  if (match === "previous")
    return `the end of its old secret at ${instantOf(row.supersededAt as number)}, or a use of it`
  if (match === "pending") return "a use of its new secret, or an abort of the rotation"
  return "a use, a rotation, or its deletion"
}
