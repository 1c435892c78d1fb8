import { createHmac, type KeyObject } from "node:crypto"

/**
 * The bearer token: 75 ASCII characters that mean nothing to their holder.
 *
 *     symsvc_HSYTyqcksHSYTyqduY_FEgKooW5RLbIKrUYErGAWCWMtO7YYD7L8rb7x51oVyx2NAqiV
 *     └class┘└account─┘└─token─┘ └───────────────── secret ────────────────┘└crc─┘
 *     └───────── handle ───────┘   43: 32 random bytes                       6: CRC-32 of all before it
 *        6 + 1 +  9   +   9      1
 *
 * Numbers are big-endian base62 (`0-9A-Za-z`, in ASCII order, so that ids sort), padded with `0` to a fixed width.
 * The handle is safe to log and to show: it names the token and proves nothing. The checksum lets a scanner, and the
 * authorizer, drop a garbage string without any I/O.
 */
const tokenClasses = { symsvc: "Service", symusr: "Personal", symses: "Session" } as const
type TokenClass = keyof typeof tokenClasses
export type TokenType = (typeof tokenClasses)[TokenClass]

/** What a well-formed string claims. Nothing in it is proven until its digest has been compared. */
export interface Claim {
  accountId: number
  tokenId: number
  handle: string
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const idWidth = 9
const secretWidth = 43
const checksumWidth = 6
export const secretBytes = 32
/** Of 75 characters, and refused at the first that doesn't fit, also of a megabyte. */
const shape = /^(sym(?:svc|usr|ses)_([0-9A-Za-z]{9})([0-9A-Za-z]{9}))_([0-9A-Za-z]{43})[0-9A-Za-z]{6}$/

/** Encodes a safe, non-negative integer. Throws RangeError for any other number, and for one too wide, which would be another id. */
export function encodeBase62(value: number, width: number): string {
  if (!(Number.isSafeInteger(value) && value >= 0 && value < 62 ** width))
    throw new RangeError("value does not fit its base62 width")
  let text = ""
  // Numbers, not BigInt, which takes ten times as long: two ids are encoded for each request.
  for (let rest = value; rest > 0; rest = (rest - (rest % 62)) / 62) text = base62[rest % 62] + text
  return text.padStart(width, "0")
}

/** 32 bytes as one big-endian integer of 43 digits. Throws RangeError for any other number of bytes. */
export function encodeSecret(secret: Uint8Array): string {
  if (secret.length !== secretBytes) throw new RangeError("a secret has 32 bytes")
  let text = ""
  for (let rest = BigInt(`0x${Buffer.from(secret).toString("hex")}`); rest > 0n; rest /= 62n)
    text = base62[Number(rest % 62n)] + text
  return text.padStart(secretWidth, "0")
}

/** Decodes base62 digits. The nine of an id can exceed 2^53, which the caller has to refuse. */
export function decodeBase62(text: string): number {
  let value = 0
  for (const character of text) value = value * 62 + base62.indexOf(character)
  return value
}

/** An id as it stands in keys, handles and cursors. */
export const encodeId = (id: number): string => encodeBase62(id, idWidth)

const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 && 0xedb88320)
  return sum
})

/** 43 digits hold a little more than 32 bytes: what is above 2^256 - 1 was never minted. Equal widths compare as text. */
const largestSecret = "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1"

// Pure, so that a bundle which makes no ids, the authorizer's, leaves it out.
const epoch2025 = /* @__PURE__ */ Date.UTC(2025, 0, 1)

/**
 * A new id: a JSON-safe integer of 41 bits of milliseconds since 2025 and 12 random bits, so there is no counter to
 * contend for. Two in one millisecond can collide: every Put of a new row is conditional, and draws again.
 */
export function newId(now: number, random: Uint8Array): number {
  const [high = 0, low = 0] = random
  return (now - epoch2025) * 4096 + (((high << 8) | low) & 0xfff)
}

/** The instant, in epoch milliseconds, at which an id was drawn; of a text that begins with one too. */
export const decodeTime = (id: string): number => Math.floor(decodeBase62(id.slice(0, idWidth)) / 4096) + epoch2025

/** A new bearer token. `secret` is 32 bytes from the system's CSPRNG; tests hand in their own. */
export function mint(type: TokenType, accountId: number, tokenId: number, secret: Uint8Array): string {
  const handle = handleOf(type, accountId, tokenId)
  const body = `${handle}_${encodeSecret(secret)}`
  return body + encodeBase62(crc32(body), checksumWidth)
}

/** `symsvc_<account><token>`: names a token without its secret. */
export function handleOf(type: TokenType, accountId: number, tokenId: number): string {
  const prefix = (Object.keys(tokenClasses) as TokenClass[]).find((key) => tokenClasses[key] === type)
  return `${prefix}_${encodeId(accountId)}${encodeId(tokenId)}`
}

/** The token's id in a handle of ours. */
export const tokenIdIn = (handle: string): number => decodeBase62(handle.slice(-idWidth))

/**
 * Reads a string as a bearer token, cheapest test first, without I/O. Undefined for everything that `mint` can't have
 * made. The ids that come back are a claim (`parseUnverified`): only the digest proves them.
 */
export function parseUnverified(text: string): Claim | undefined {
  const match = shape.exec(text)
  if (!match) return undefined
  const body = text.slice(0, -checksumWidth)
  if (decodeBase62(text.slice(-checksumWidth)) !== crc32(body)) return undefined
  if ((match[4] as string) > largestSecret) return undefined
  const accountId = decodeBase62(match[2] as string)
  const tokenId = decodeBase62(match[3] as string)
  if (!Number.isSafeInteger(accountId) || !Number.isSafeInteger(tokenId)) return undefined
  return { accountId, tokenId, handle: match[1] as string }
}

/** HMAC-SHA256 over all 75 characters, 32 bytes. A KeyObject, since a Buffer key is six times slower on Node 24. */
export const digest = (key: KeyObject, message: string | Uint8Array): Buffer =>
  createHmac("sha256", key).update(message).digest()

/** CRC-32 (IEEE) of ASCII text. node:zlib has it too, and takes longer to load than a token to verify. */
export function crc32(text: string): number {
  let sum = -1
  for (let at = 0; at < text.length; at++) sum = (sum >>> 8) ^ (crcTable[(sum ^ text.charCodeAt(at)) & 0xff] as number)
  return ~sum >>> 0
}
