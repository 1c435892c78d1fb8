import type { Runtime } from "../runtime.ts"
import { digest } from "../token/format.ts"
import { type Keyring, UnknownKey } from "../token/keyring.ts"
import type { Match, SecretDigest } from "../token/verdict.ts"
import { Conflict, retrying } from "./dynamodb.ts"
import { inGroups } from "./groups.ts"
import { digestsOf, isOver, needsKey, type TokenRow, type TokenRows } from "./key-use.ts"
import { pendingAttributes } from "./promotion.ts"
import { always, type Condition, remove, where } from "./steps.ts"
import { tokenKey } from "./table.ts"

/**
 * Rows of tokens that nobody uses, when the keyring changes: a digest is digested once more under the newest key, without its token
 * (HMAC(k2, HMAC(k1, token)), `k1.k2`). Each row by itself, on the condition that each digest is the very one that was read: a use, a
 * rotation, or a deletion in between wins, and what is left of the row is looked at again. State, epoch and expiry are
 * not touched, nor is `version`, as with a use.
 */

/** So long may a key path be that the record of a use says: a dozen re-wraps without one use. */
const longestKeyPath = 40

export interface Rewrapped {
  /** Tokens looked at. */
  looked: number
  /** Rows that were re-wrapped. */
  rows: number
}

/**
 * Re-wraps every digest that was made under an older key than `newest`, and counts in `done` as it goes, `onPage` now and then. What is
 * done is not done again, so a run that was stopped is gone on with by another one. Throws UnknownKey when the keyring hasn't `newest`.
 */
export async function rewrapRows(
  runtime: Runtime,
  keyring: Keyring,
  newest: string,
  rows: TokenRows,
  done: Rewrapped,
  onPage: () => void,
): Promise<void> {
  for await (const page of rows()) {
    await inGroups(page, async (row) => {
      if (await rewrapRow(runtime, keyring, newest, row)) done.rows += 1
      done.looked += 1
    })
    onPage()
  }
}

const numberOf = (key: string | undefined): number => Number(key?.slice(1))

/** False when there was nothing to do, or nothing any more. */
function rewrapRow(runtime: Runtime, keyring: Keyring, newest: string, read: TokenRow): Promise<boolean> {
  const key = keyring.keys.get(newest)
  if (!key) throw new UnknownKey(`unknown key ${newest}`)
  return onRow(runtime, read, async (row) => {
    const older = digestsOf(row).filter(
      ({ keyPath }) =>
        numberOf(keyPath.split(".").at(-1)) < numberOf(newest) && `${keyPath}.${newest}`.length <= longestKeyPath,
    )
    if (older.length === 0) return undefined
    const set = Object.fromEntries(
      older.map(({ match, digest: inner, keyPath, generation }): [Match, SecretDigest] => [
        match,
        { digest: digest(key, inner), keyPath: `${keyPath}.${newest}`, generation },
      ]),
    )
    return runtime.table.update(tokenKey(row.id), { set }, asRead(older))
  })
}

/** Takes the secrets out of a row that are over and need a key, and a session that is over out of the table. False: there was none. */
export const forgetOver = (runtime: Runtime, key: string, read: TokenRow): Promise<boolean> =>
  onRow(runtime, read, async (row) => {
    const over = digestsOf(row).filter((digest) => needsKey(digest, key) && isOver(row, digest.match, runtime.now()))
    if (over.length === 0) return undefined
    // As DynamoDB will, by its TTL: within days. Nothing of a session that is over changes any more.
    if (row.type === "Session") {
      await runtime.table.transact([remove(tokenKey(row.id), always, () => new Error("unconditional"))])
      return true
    }
    const gone = over.flatMap(({ match }) => (match === "pending" ? pendingAttributes : previousAttributes))
    return runtime.table.update(tokenKey(row.id), { remove: gone }, asRead(over))
  })

/** What a row has of the secret before its current one. */
const previousAttributes = ["previous", "supersededAt", "previousLastUsed", "previousNetwork"] as const

/** That each of these digests is as it was read: a condition that no row without it, or without any, meets. */
function asRead(digests: readonly (SecretDigest & { match: Match })[]): Condition {
  const expression = digests.map(
    ({ match }) => `#${match}.#digest = :${match}_digest AND #${match}.#keyPath = :${match}_keyPath`,
  )
  const values = digests.flatMap(({ match, digest, keyPath }) => [
    [`${match}_digest`, digest],
    [`${match}_keyPath`, keyPath],
  ])
  return where(expression.join(" AND "), Object.fromEntries(values))
}

/** `act` answers false when its row isn't as it was read: it is read again. Undefined, or no row any more: nothing to do. */
function onRow(
  runtime: Runtime,
  read: TokenRow,
  act: (row: TokenRow) => Promise<boolean | undefined>,
): Promise<boolean> {
  let row: TokenRow | undefined = read
  return retrying(async () => {
    row ??= await runtime.table.get<TokenRow>(tokenKey(read.id))
    const seen = row
    row = undefined
    const done = seen && (await act(seen))
    if (done === false) throw new Conflict("changed meanwhile")
    return done === true
  })
}
