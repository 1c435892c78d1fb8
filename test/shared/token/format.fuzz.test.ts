import { crc32 } from "node:zlib"
import fc from "fast-check"
import { expect, test } from "vitest"
import { mint, parseUnverified, type TokenType } from "../../../shared/token/format.ts"
import { runs } from "../../rounds.ts"

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const types: Record<string, TokenType> = { symsvc: "Service", symusr: "Personal", symses: "Session" }

/** Base62 read here by a second implementation, exactly: as text of another alphabet, digit by digit. */
const decode = (text: string): bigint =>
  [...text].reduce((value, digit) => value * 62n + BigInt(alphabet.indexOf(digit)), 0n)
const encode = (value: bigint, width: number): string =>
  Array.from({ length: width }, (_, at) => alphabet[Number((value / 62n ** BigInt(width - 1 - at)) % 62n)]).join("")
const checksum = (body: string): string => encode(BigInt(crc32(body)), 6)

/** Whether the text is a fixed point of reading it and minting it again: nothing else may be accepted. */
function couldBeMinted(text: string): boolean {
  const parts = /^(sym[a-z]{3})_([0-9A-Za-z]{9})([0-9A-Za-z]{9})_([0-9A-Za-z]{43})[0-9A-Za-z]{6}$/.exec(text)
  if (!parts) return false
  const [, prefix = "", account = "", token = "", secret = ""] = parts
  const type = types[prefix]
  const [accountId, tokenId, bits] = [decode(account), decode(token), decode(secret)]
  const greatest = BigInt(Number.MAX_SAFE_INTEGER)
  if (!type || accountId > greatest || tokenId > greatest || bits >= 2n ** 256n) return false
  const bytes = Buffer.from(bits.toString(16).padStart(64, "0"), "hex")
  return mint(type, Number(accountId), Number(tokenId), bytes) === text
}

const agrees = (text: string): void => {
  expect(parseUnverified(text) !== undefined, JSON.stringify(text)).toBe(couldBeMinted(text))
}

/** Any UTF-16 code units, lone surrogates too. */
const units = (minLength: number, maxLength: number) =>
  fc.uint16Array({ minLength, maxLength }).map((codes) => String.fromCharCode(...codes))
const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: length, maxLength: length })
/** Around 2^53 as often as anywhere. */
const id = fc.oneof(
  digits(9),
  fc.integer({ min: -3, max: 3 }).map((near) => encode(2n ** 53n + BigInt(near), 9)),
  fc.maxSafeNat().map((value) => encode(BigInt(value), 9)),
)
/** Around 2^256 as often as anywhere: 43 digits reach above it. */
const secret = fc.oneof(
  digits(43),
  fc.integer({ min: -3, max: 3 }).map((near) => encode(2n ** 256n + BigInt(near), 43)),
  digits(42).map((rest) => `y${rest}`),
)
const prefix = fc.constantFrom("symsvc", "symusr", "symses", "symabc", "SYMSVC")
const body = fc.tuple(prefix, id, id, secret).map(([kind, a, b, c]) => `${kind}_${a}${b}_${c}`)
const sealed = body.map((text) => text + checksum(text))

test("Z1 arbitrary text is refused and never throws", () => {
  const text = fc.oneof(
    units(0, 200),
    units(75, 75),
    units(68, 68).map((rest) => `symsvc_${rest}`),
    fc.uint8Array({ minLength: 75, maxLength: 75 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  )
  fc.assert(
    fc.property(text, (anything) => {
      expect(parseUnverified(anything)).toBeUndefined()
    }),
    runs(6000, 1_000_000),
  )
})

test("Z1 a megabyte is refused by its length, whatever it holds", () => {
  expect(parseUnverified("symsvc_".repeat(150_000))).toBeUndefined()
  expect(parseUnverified("\0".repeat(1_000_000))).toBeUndefined()
})

test("Z1 well-shaped text without a checksum of its own is refused", () => {
  fc.assert(
    fc.property(
      body.chain((text) => digits(6).map((last) => text + last)),
      agrees,
    ),
    runs(4000, 1_000_000),
  )
})

test("Z1 with a fitting checksum, exactly what mint could have made is accepted, and claims its own ids", () => {
  let accepted = 0
  let refused = 0
  fc.assert(
    fc.property(sealed, (text) => {
      agrees(text)
      const claim = parseUnverified(text)
      if (!claim) {
        refused++
        return
      }
      accepted++
      expect(BigInt(claim.accountId)).toBe(decode(text.slice(7, 16)))
      expect(BigInt(claim.tokenId)).toBe(decode(text.slice(16, 25)))
      expect(claim.handle).toBe(text.slice(0, 25))
    }),
    runs(12_000, 1_000_000),
  )
  // Both kinds came up, or the generator proves nothing.
  expect(accepted).toBeGreaterThan(100)
  expect(refused).toBeGreaterThan(100)
})

test("Z1 a minted token with a few characters changed is refused", () => {
  const minted = fc
    .tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.uint8Array({ minLength: 32, maxLength: 32 }))
    .map(([account, token, bits]) => mint("Service", account, token, bits))
  const edits = fc.array(fc.tuple(fc.nat({ max: 74 }), units(1, 1)), {
    minLength: 1,
    maxLength: 4,
  })
  fc.assert(
    fc.property(minted, edits, (token, changes) => {
      const text = changes.reduce((now, [at, by]) => now.slice(0, at) + by + now.slice(at + 1), token)
      if (text === token) return
      agrees(text)
      expect(parseUnverified(text)).toBeUndefined()
    }),
    runs(4000, 1_000_000),
  )
})
