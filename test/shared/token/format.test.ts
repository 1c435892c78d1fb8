// Long because every vector and every rejected form of the design stands here.
import { createHash, createSecretKey } from "node:crypto"
import { crc32 } from "node:zlib"
import fc from "fast-check"
import { describe, expect, it, test } from "vitest"
import {
  crc32 as checksumOf,
  decodeBase62,
  decodeTime,
  digest,
  encodeBase62,
  encodeId,
  encodeSecret,
  handleOf,
  mint,
  newId,
  parseUnverified,
  secretBytes,
  type TokenType,
  tokenIdIn,
} from "../../../shared/token/format.ts"
import { digestUnder, type Keyring } from "../../../shared/token/keyring.ts"
import { runs } from "../../rounds.ts"

/** The vectors of the token format, copied by hand: a change that fails here breaks every token that was ever issued. */
interface Vector {
  type: TokenType
  accountId: number
  tokenId: number
  secret: Buffer
  crc: string
  token: string
  k1: string
  k2: string
  k1k2: string
}

/** The bytes from `first` to `last`, in order. */
const bytes = (first: number, last: number) =>
  Buffer.from(Array.from({ length: last - first + 1 }, (_, n) => first + n))

const v3 = "symsvc_HSYTyqcksHSYTyqduY_FEgKooW5RLbIKrUYErGAWCWMtO7YYD7L8rb7x51oVyx2NAqiV"

const vectors: Record<string, Vector> = {
  V1: {
    type: "Service",
    accountId: 123,
    tokenId: 456,
    secret: Buffer.alloc(32, 0),
    crc: "21209017",
    token: "symsvc_00000001z00000007M_00000000000000000000000000000000000000000000bc0KV",
    k1: "4724e771d6664fbd49208024facc56ef2de29a76dfcb82603c56af97db81206c",
    k2: "7df71d4b571c6d26584efa4f37a527819d814fc8497eca732bc6996931cd2ecb",
    k1k2: "538a228943d604ca9598b6018b3159ccb567b1a3afc55ef6dd8f36f6e3643c94",
  },
  V2: {
    type: "Service",
    accountId: 9007199254740991,
    tokenId: 9007199254740991,
    secret: Buffer.alloc(32, 0xff),
    crc: "b13164f1",
    token: "symsvc_fFgnDxSe7fFgnDxSe7_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp13FBaD3",
    k1: "cf887a56383c15bf51306ec956ced8c35dc4928c5638bf1bfb015d8b35a2f14b",
    k2: "1754bc9a1c7bf894e23952c26dbecaf562eaadd241fb43e43b2e5704755d5591",
    k1k2: "1117e19b8fd9476cc79d6eb4cf2dadb8208c15a17831b49880aeba808c66c944",
  },
  V3: {
    type: "Service",
    accountId: 3812345678901234,
    tokenId: 3812345678905678,
    secret: bytes(0x40, 0x5f),
    crc: "819f6677",
    token: v3,
    k1: "d27fb39f4c5186accea9d094c9867e29ce6e77c3b36b8125b04a89625300d97c",
    k2: "f260be2223903299458f7efa22ea32af879ebd04631d6783ac2d01be8899996b",
    k1k2: "bd7859679d84aa7fc2a0cf3e7934f4bf4f711ce4d7933a653e2efa990426f125",
  },
  V4: {
    type: "Personal",
    accountId: 7,
    tokenId: 8,
    secret: createHash("sha256").update("test vector 4").digest(),
    crc: "8cf916f7",
    token: "symusr_000000007000000008_w3cfIw7rGLfTEaOIYWZNRbR6m9H9RFBHLJoyTNCsy812a3rXz",
    k1: "3da5bd9ef3c9ef00e711ea52d7966afc9db1308f8d15dd4cfffdf777e3ec90a8",
    k2: "863703092df6d11abfe61b4dd53bf7325b86f72615d47f6d3c60697cb32fa0a1",
    k1k2: "c67e4d3182160c84c619bb801bcc86f7638239b2a1c084c4484b1e130287b2a6",
  },
}

const keyring: Keyring = {
  keys: new Map([
    ["k1", createSecretKey(bytes(0x00, 0x1f))],
    ["k2", createSecretKey(bytes(0x20, 0x3f))],
  ]),
  mintFrom: new Map(),
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const greatestId = 2 ** 53 - 1

/** `body` with the checksum that fits it, so that only what follows the checksum can refuse it. */
const sealed = (body: string): string => body + encodeBase62(crc32(body), 6)
const parses = (text: string): boolean => parseUnverified(text) !== undefined

describe.each(Object.entries(vectors))("P2 vector %s", (_name, vector) => {
  test("is what its parts mint", () => {
    expect(mint(vector.type, vector.accountId, vector.tokenId, vector.secret)).toBe(vector.token)
  })
  test("reads as its ids and its handle", () => {
    const { accountId, tokenId } = vector
    expect(parseUnverified(vector.token)).toStrictEqual({ accountId, tokenId, handle: vector.token.slice(0, 25) })
  })
  test("ends in the CRC-32 of the 69 characters before", () => {
    expect(crc32(vector.token.slice(0, 69)).toString(16).padStart(8, "0")).toBe(vector.crc)
    expect(encodeBase62(Number.parseInt(vector.crc, 16), 6)).toBe(vector.token.slice(69))
  })
  test.each(["k1", "k2"] as const)("has its digest under %s", (id) => {
    expect(digestUnder(keyring, id, vector.token).toString("hex")).toBe(vector[id])
  })
  test("has its digest under k1, re-wrapped under k2", () => {
    expect(digestUnder(keyring, "k1.k2", vector.token).toString("hex")).toBe(vector.k1k2)
  })
})

describe("refused, made from V3", () => {
  const [head, account, id, tail] = ["symsvc_", "HSYTyqcks", "HSYTyqduY", v3.slice(25)]
  const jwt = [
    Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url"),
    Buffer.from('{"sub":"1234567890","name":"John Doe"}').toString("base64url"),
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
  ].join(".")

  test.each([
    ["the last character changed", `${v3.slice(0, -1)}W`],
    ["the class of a personal token", v3.replace("symsvc", "symusr")],
    ["the class of a session", v3.replace("symsvc", "symses")],
    ["a class that doesn't exist, with a checksum that fits", sealed(v3.slice(0, -6).replace("symsvc", "symsvd"))],
    ["a trailing newline", `${v3}\n`],
    ["a trailing newline for its last character", `${v3.slice(0, -1)}\n`],
    ["a leading space", ` ${v3}`],
    ["a leading space, 75 characters in all", ` ${v3.slice(0, -1)}`],
    ["upper case", v3.toUpperCase()],
    ["upper case, with a checksum that fits", sealed(v3.slice(0, -6).toUpperCase())],
    ["text before it, with a checksum that fits", sealed(`x${v3.slice(0, -6)}`)],
    ["text after it, with a checksum that fits", sealed(v3)],
    ["a newline after it, with a checksum that fits", sealed(`${v3}\n`)],
    ["the checksum 000000", `${v3.slice(0, -6)}000000`],
    ["the two ids swapped", `${head}${id}${account}${tail}`],
    ["no first character", v3.slice(1)],
    ["itself twice", v3 + v3],
    ["nothing of it", ""],
    ["a hyphen for the second underscore, with a checksum that fits", sealed(v3.slice(0, -6).replace("Y_F", "Y-F"))],
    ["a JWT", jwt],
    ["a JWT of 75 characters", jwt.slice(0, 75)],
    ["a token, a newline and a JWT", `${v3}\n${jwt}`],
  ])("%s", (_what, text) => {
    expect(parses(v3)).toBe(true)
    expect(parseUnverified(text)).toBeUndefined()
  })

  const everywhere = Array.from(v3, (_, at) => at)
  const replaced = (at: number, by: string) => v3.slice(0, at) + by + v3.slice(at + 1)

  test("U+212A, the Kelvin sign, or another homoglyph at any place", () => {
    const homoglyphs = ["\u212a", "\uff21", "\u0430", "\u0661", "\u017f", "\u0000"]
    const made = everywhere.flatMap((at) => homoglyphs.map((glyph) => replaced(at, glyph)))
    expect(made.every((text) => text.length === 75)).toBe(true)
    expect(made.filter(parses)).toEqual([])
    const body = v3.slice(0, -6)
    expect(parseUnverified(sealed(body.replace("K", "\u212a")))).toBeUndefined()
  })

  test("every substitution of one character", () => {
    const made = everywhere.flatMap((at) =>
      [...`${alphabet}_-. `].filter((character) => character !== v3[at]).map((character) => replaced(at, character)),
    )
    // 75 places, 66 characters less the one that stands there.
    expect(made).toHaveLength(75 * 65)
    expect(made.filter(parses)).toEqual([])
  })

  test("every transposition of two characters, adjacent or not", () => {
    const made = everywhere
      .flatMap((a) =>
        everywhere.slice(a + 1).map((b) => replaced(a, v3[b] as string).slice(0, b) + v3[a] + v3.slice(b + 1)),
      )
      .filter((text) => text !== v3)
    expect(made).toContain(`ys${v3.slice(2)}`)
    expect(made.every((text) => text.length === 75)).toBe(true)
    expect(made.filter(parses)).toEqual([])
  })

  test("every deletion and every insertion of one character", () => {
    const deletions = everywhere.map((at) => replaced(at, ""))
    const insertions = [...everywhere, 75].flatMap((at) =>
      [...`${alphabet}_-. `].map((character) => v3.slice(0, at) + character + v3.slice(at)),
    )
    expect([...deletions, ...insertions].filter(parses)).toEqual([])
  })
})

describe("bounds", () => {
  const secret = "0".repeat(43)

  test.each([
    [greatestId - 1, "fFgnDxSe6"],
    [greatestId, "fFgnDxSe7"],
  ])("id %d reads as itself, of the account and of the token", (id, text) => {
    expect(encodeId(id)).toBe(text)
    expect(parseUnverified(sealed(`symsvc_${text}000000001_${secret}`))?.accountId).toBe(id)
    expect(parseUnverified(sealed(`symsvc_000000001${text}_${secret}`))?.tokenId).toBe(id)
  })

  test.each(["fFgnDxSe8", "fFgnDxSe9", "zzzzzzzzz"])("%s is above 2^53 - 1: refused as either id", (text) => {
    expect(decodeBase62(text)).toBeGreaterThan(greatestId)
    expect(parseUnverified(sealed(`symsvc_${text}000000001_${secret}`))).toBeUndefined()
    expect(parseUnverified(sealed(`symsvc_000000001${text}_${secret}`))).toBeUndefined()
  })

  test("a secret of 2^256 - 1 is read, of 2^256 and more refused: 32 bytes can't be that", () => {
    const largest = encodeSecret(Buffer.alloc(32, 0xff))
    const withSecret = (secret: string) => sealed(`symsvc_000000001000000002_${secret}`)
    expect(parses(withSecret(largest))).toBe(true)
    // It ends with a 1: the next ones end with a 2 and a 3.
    expect(parses(withSecret(largest.replace(/1$/, "2")))).toBe(false)
    expect(parses(withSecret(largest.replace(/1$/, "3")))).toBe(false)
    expect(parses(withSecret("z".repeat(43)))).toBe(false)
  })

  test("mint refuses a secret that doesn't fit, and one that is none", () => {
    expect(() => mint("Service", 1, 2, Buffer.alloc(33, 0xff))).toThrow(RangeError)
    expect(() => mint("Service", 1, 2, Buffer.alloc(31))).toThrow(RangeError)
    expect(() => mint("Service", 1, 2, new Uint8Array())).toThrow(RangeError)
    expect(() => encodeSecret(Buffer.alloc(31))).toThrow(new RangeError("a secret has 32 bytes"))
  })

  test("mint refuses an id wider than nine digits", () => {
    expect(() => mint("Service", 62 ** 9, 2, Buffer.alloc(32))).toThrow(RangeError)
    expect(() => mint("Service", 1, 62 ** 9, Buffer.alloc(32))).toThrow(RangeError)
  })
})

describe("crc32", () => {
  it("is that of node:zlib, of any ASCII text", () => {
    const text = fc.string({ unit: "binary-ascii", maxLength: 100 })
    fc.assert(fc.property(text, (ascii) => checksumOf(ascii) === crc32(ascii)))
  })
})

describe("encodeBase62", () => {
  test.each([
    [0, 1, "0"],
    [9, 1, "9"],
    [10, 1, "A"],
    [35, 1, "Z"],
    [36, 1, "a"],
    [61, 1, "z"],
    [62, 2, "10"],
    [0, 9, "000000000"],
    [123, 9, "00000001z"],
    [greatestId, 9, "fFgnDxSe7"],
    [62 ** 6 - 1, 6, "zzzzzz"],
  ])("writes %d in %d digits as %s", (value, width, text) => {
    expect(encodeBase62(value, width)).toBe(text)
  })

  test.each([
    ["one too great for one digit", 62, 1],
    ["one too great for six digits", 62 ** 6, 6],
    ["one too great to be safe", 2 ** 53, 9],
    ["a negative integer", -1, 9],
  ])("throws RangeError for %s", (_what, value, width) => {
    expect(() => encodeBase62(value, width)).toThrow(new RangeError("value does not fit its base62 width"))
  })

  test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY])("throws RangeError for %d, which is no integer", (value) => {
    expect(() => encodeBase62(value, 9)).toThrow(RangeError)
  })

  it("keeps the order of numbers, as text", () => {
    const id = fc.maxSafeNat()
    fc.assert(fc.property(id, id, (a, b) => a < b === encodeId(a) < encodeId(b)))
  })

  it("is undone by decodeBase62", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (id) => decodeBase62(encodeId(id)) === id))
  })
})

describe("newId", () => {
  const start = Date.parse("2025-01-01T00:00:00Z")

  test.each([
    ["the first instant, no bits", start, [0, 0], 0],
    ["the first instant, all bits", start, [0xff, 0xff], 4095],
    ["only the lower 12 of 16 random bits", start, [0xf0, 0x00], 0],
    ["the high byte above the low one", start, [0x01, 0x02], 0x102],
    ["one millisecond later", start + 1, [0, 0], 4096],
    ["bits that aren't there, which count as none", start, [], 0],
    ["one byte, which is the high one", start, [0x01], 0x100],
    ["the last instant of 41 bits", start + 2 ** 41 - 1, [0xff, 0xff], 2 ** 53 - 1],
  ])("%s", (_what, now, random, id) => {
    expect(newId(now, Uint8Array.from(random))).toBe(id)
  })

  it("is greater in a later millisecond, whatever the random bits", () => {
    const random = fc.uint8Array({ minLength: 2, maxLength: 2 })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 41 - 2 }), random, random, (elapsed, a, b) => {
        const [earlier, later] = [newId(start + elapsed, a), newId(start + elapsed + 1, b)]
        return earlier < later && Number.isSafeInteger(later) && encodeId(earlier) < encodeId(later)
      }),
    )
  })
})

describe("decodeTime", () => {
  const start = Date.parse("2025-01-01T00:00:00Z")

  test.each([
    ["the first instant", start, [0, 0]],
    ["the first instant, with all random bits", start, [0xff, 0xff]],
    ["one millisecond later", start + 1, [0, 0]],
    ["a day of 2026", Date.parse("2026-11-23T12:00:00.123Z"), [0xab, 0xcd]],
    ["the last instant of 41 bits", start + 2 ** 41 - 1, [0xff, 0xff]],
  ])("is when an id was drawn: %s", (_what, now, random) => {
    const id = encodeId(newId(now, Uint8Array.from(random)))
    expect(decodeTime(id)).toBe(now)
    expect(decodeTime(`${id}#zzz`)).toBe(now)
  })
})

test("tokenIdIn is the second id of a handle", () => {
  expect(tokenIdIn(v3.slice(0, 25))).toBe(3812345678905678)
  expect(tokenIdIn(handleOf("Personal", 7, 8))).toBe(8)
})

test("handleOf names the class and both ids, and is the beginning of the token", () => {
  expect(handleOf("Service", 3812345678901234, 3812345678905678)).toBe("symsvc_HSYTyqcksHSYTyqduY")
  expect(handleOf("Personal", 7, 8)).toBe("symusr_000000007000000008")
  expect(handleOf("Session", 0, 61)).toBe("symses_00000000000000000z")
})

test("a secret has 32 bytes, and a digest too", () => {
  expect(secretBytes).toBe(32)
  const key = createSecretKey(Buffer.alloc(32, 1))
  expect(digest(key, v3)).toHaveLength(32)
  expect(digest(key, Buffer.from(v3))).toEqual(digest(key, v3))
  expect(digest(createSecretKey(Buffer.alloc(32, 2)), v3)).not.toEqual(digest(key, v3))
})

test("P2 what mint makes, parseUnverified reads, for every type, id and secret", () => {
  const type = fc.constantFrom<TokenType>("Service", "Personal", "Session")
  const secret = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(type, fc.maxSafeNat(), fc.maxSafeNat(), secret, (kind, accountId, tokenId, bits) => {
      const token = mint(kind, accountId, tokenId, bits)
      expect(token).toMatch(/^\bsym(?:svc|usr|ses)_[0-9A-Za-z]{18}_[0-9A-Za-z]{49}\b$/)
      expect(token).toHaveLength(75)
      expect(parseUnverified(token)).toStrictEqual({ accountId, tokenId, handle: handleOf(kind, accountId, tokenId) })
      const other = Uint8Array.from(bits, (byte, at) => (at === 31 ? byte ^ 1 : byte))
      expect(mint(kind, accountId, tokenId, other)).not.toBe(token)
    }),
    runs(800, 1_000_000),
  )
})
