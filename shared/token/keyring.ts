import { createSecretKey, type KeyObject } from "node:crypto"
import { digest } from "./format.ts"

/**
 * The keys that digest bearer tokens. One Secrets Manager secret, flat JSON, so that CloudFormation can generate it:
 *
 *     {"mintFrom": {"k2": "2026-12-01T10:00:00Z"}, "k1": "…", "k2": "…"}
 *
 * Several keys verify, one mints: the newest whose time has come (no entry: from the beginning). A new key is announced
 * an hour ahead, longer than any cache of the keyring, so nothing has to flip at one moment.
 */
export interface Keyring {
  keys: ReadonlyMap<string, KeyObject>
  /** Epoch milliseconds from which a key mints; absent: from the beginning. */
  mintFrom: ReadonlyMap<string, number>
}

/** A row names a key that this copy of the keyring doesn't have: refetch, and if that fails answer 503, never 401. */
export class UnknownKey extends Error {
  override name = "UnknownKey"
}

const keyName = /^k[1-9][0-9]{0,4}$/
// Stryker disable next-line Regex: without $ it is the same, since Date.parse takes nothing after the Z; the others were killed by the tests
const utcInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/

/** Reads the secret's JSON. Throws on anything but the shape above: a keyring that is half understood mints orphans. */
export function parseKeyring(secret: string): Keyring {
  const { mintFrom = {}, ...rest } = parseObject(secret)
  const keys = new Map<string, KeyObject>()
  for (const [name, value] of Object.entries(rest)) {
    if (!keyName.test(name) || typeof value !== "string" || value.length < 32) throw broken("not a key")
    // Stryker disable next-line StringLiteral: without an encoding it is UTF-8, too; the types want one
    keys.set(name, createSecretKey(value, "utf8"))
  }
  const times = new Map<string, number>()
  if (!isObject(mintFrom)) throw broken("mintFrom is no object")
  for (const [name, instant] of Object.entries(mintFrom)) {
    const time = typeof instant === "string" && utcInstant.test(instant) ? Date.parse(instant) : Number.NaN
    if (!keys.has(name) || Number.isNaN(time)) throw broken("mintFrom names no key or no instant")
    times.set(name, time)
  }
  if (keys.size === 0) throw broken("no key")
  return { keys, mintFrom: times }
}

const broken = (why: string) => new Error(`keyring: ${why}`)

/** JSON.parse's own error quotes the text, which is keys, and errors are logged. */
function parseObject(secret: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(secret)
  } catch {
    throw broken("not JSON")
  }
  if (!isObject(value)) throw broken("no object")
  return value
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The id of the key that mints at `now` (epoch milliseconds): of those whose time has come the latest, then the highest. */
export function mintingKey(keyring: Keyring, now: number): string {
  const since = (id: string) => keyring.mintFrom.get(id) ?? 0
  const ready = [...keyring.keys.keys()].filter((id) => since(id) <= now)
  ready.sort((a, b) => since(b) - since(a) || Number(b.slice(1)) - Number(a.slice(1)))
  const [newest] = ready
  if (newest === undefined) throw broken("no key mints yet")
  return newest
}

/**
 * True when a digest should move to the minting key: it was made with an earlier one, or re-wrapped. Never the other way:
 * an execution environment whose copy of the keyring is old must not move a digest back.
 */
export function isOutdated(keyPath: string, mintingKey: string): boolean {
  const path = keyPath.split(".")
  // Stryker disable next-line OptionalChaining: split leaves one part at least; the types don't know
  const latest = Number(path.at(-1)?.slice(1))
  const minting = Number(mintingKey.slice(1))
  return latest < minting || (latest === minting && path.length > 1)
}

/**
 * The digest of a bearer token under a key path: `k1`, or `k1.k2` for a row that was re-wrapped without its token
 * (HMAC(k2, HMAC(k1, token))). Throws UnknownKey.
 */
export function digestUnder(keyring: Keyring, keyPath: string, bearerToken: string): Buffer {
  let message: string | Buffer = bearerToken
  for (const id of keyPath.split(".")) {
    const key = keyring.keys.get(id)
    if (!key) throw new UnknownKey(`unknown key ${JSON.stringify(id).slice(0, 20)}`)
    message = digest(key, message)
  }
  return message as Buffer
}
