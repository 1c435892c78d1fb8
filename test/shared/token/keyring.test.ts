import { createHmac } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it, test } from "vitest"
import { digestUnder, isOutdated, mintingKey, parseKeyring, UnknownKey } from "../../../shared/token/keyring.ts"

/** 64 letters and digits, as CloudFormation generates them. */
const text1 = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B8c9D0e1F2"
const text2 = "Zz9Yy8Xx7Ww6Vv5Uu4Tt3Ss2Rr1Qq0Pp9Oo8Nn7Mm6Ll5Kk4Jj3Ii2Hh1Gg0Ff9E"
const secretOf = (content: unknown): string => JSON.stringify(content)
const parse = (content: unknown) => parseKeyring(secretOf(content))

const noon = "2026-12-01T12:00:00Z"
const atNoon = Date.parse(noon)

describe("parseKeyring accepts", () => {
  test("what CloudFormation generates: no times, one key", () => {
    const { keys, mintFrom } = parseKeyring(`{"mintFrom":{},"k1":"${text1}"}`)
    expect([...keys.keys()]).toEqual(["k1"])
    expect(mintFrom.size).toBe(0)
  })

  test("a rotation: a second key and the instant from which it mints", () => {
    const { keys, mintFrom } = parse({ mintFrom: { k2: noon }, k1: text1, k2: text2 })
    expect([...keys.keys()]).toEqual(["k1", "k2"])
    expect([...mintFrom]).toEqual([["k2", atNoon]])
  })

  test("no mintFrom at all: every key mints from the beginning", () => {
    expect(parse({ k1: text1 }).mintFrom.size).toBe(0)
  })

  test.each([
    ["2026-12-01T12:00:00.001Z", 1],
    ["2026-12-01T12:00:00.01Z", 10],
    ["2026-12-01T12:00:00.1Z", 100],
  ])("an instant with a fraction: %s", (instant, milliseconds) => {
    expect(parse({ mintFrom: { k1: instant }, k1: text1 }).mintFrom.get("k1")).toBe(atNoon + milliseconds)
  })

  test.each(["k1", "k9", "k10", "k99999"])("the name %s", (name) => {
    expect([...parse({ [name]: text1 }).keys.keys()]).toEqual([name])
  })

  test("a key is the UTF-8 bytes of its string, not what the string may encode", () => {
    const hex = "00".repeat(32)
    const { keys } = parse({ k1: text1, k2: hex, k3: `${"ü€😀".repeat(10)}` })
    expect(keys.get("k1")?.export()).toEqual(Buffer.from(text1, "ascii"))
    expect(keys.get("k2")?.export()).toHaveLength(64)
    expect(keys.get("k3")?.export()).toHaveLength((2 + 3 + 4) * 10)
  })

  test("32 characters and more", () => {
    expect(parse({ k1: text1.slice(0, 32) }).keys.size).toBe(1)
    expect(parse({ k1: text1.slice(0, 33) }).keys.size).toBe(1)
  })
})

describe("parseKeyring refuses", () => {
  test.each([
    ["null", "null"],
    ["an array", "[]"],
    ["an array of keys", secretOf([text1])],
    ["a string", secretOf(text1)],
    ["a number", "1"],
  ])("%s for the whole", (_what, secret) => {
    expect(() => parseKeyring(secret)).toThrow("keyring: no object")
  })

  test.each(["", "k1", text1, "{", `{"k1":"${text1}"`])("what is no JSON: %j", (secret) => {
    expect(() => parseKeyring(secret)).toThrow("keyring: not JSON")
  })

  test("no key", () => {
    expect(() => parse({})).toThrow("keyring: no key")
    expect(() => parse({ mintFrom: {} })).toThrow("keyring: no key")
  })

  test.each([
    "k0",
    "k01",
    "k100000",
    "k-1",
    "k1.5",
    "K1",
    "k",
    "1",
    "",
    " k1",
    "k1 ",
    "k1\n",
    "k1.k2",
    "key1",
    "constructor",
  ])("the name %j", (name) => {
    expect(() => parse({ k1: text1, [name]: text2 })).toThrow("keyring: not a key")
  })

  test("the name __proto__", () => {
    expect(() => parseKeyring(`{"k1":"${text1}","__proto__":"${text2}"}`)).toThrow("keyring: not a key")
  })

  test.each([
    ["a key of 31 characters", text1.slice(0, 31)],
    ["an empty key", ""],
    ["a number", 1e40],
    ["null", null],
    ["an array of 32 numbers", Array(32).fill(1)],
    ["an object", { length: 64 }],
    ["true", true],
  ])("%s for a key", (_what, value) => {
    expect(() => parse({ k1: text1, k2: value })).toThrow("keyring: not a key")
  })

  test.each([[null], [[]], [["k1"]], ["k1"], [noon], [5], [true], [""]])("%j for mintFrom", (mintFrom) => {
    expect(() => parse({ mintFrom, k1: text1 })).toThrow("keyring: mintFrom is no object")
  })

  test.each([
    ["a key that isn't there", { k2: noon }],
    ["an inherited name", { toString: noon }],
    ["no instant", { k1: "soon" }],
    ["an empty instant", { k1: "" }],
    ["a number of milliseconds", { k1: atNoon }],
    ["a small number, which Date.parse takes for a year", { k1: 5 }],
    ["null", { k1: null }],
    ["an array of an instant", { k1: [noon] }],
    ["an instant without a zone, which depends on the machine", { k1: "2026-12-01T12:00:00" }],
    ["an instant of another zone", { k1: "2026-12-01T12:00:00+01:00" }],
    ["an instant finer than a millisecond", { k1: "2026-12-01T12:00:00.0001Z" }],
    ["a year of six digits", { k1: "+002026-12-01T12:00:00Z" }],
    ["a date only", { k1: "2026-12-01" }],
    ["a thirteenth month", { k1: "2026-13-01T12:00:00Z" }],
    ["text before the instant", { k1: `x${noon}` }],
    ["text after the instant", { k1: `${noon}x` }],
    ["a comment after the instant", { k1: `${noon} (noon)` }],
  ])("mintFrom with %s", (_what, mintFrom) => {
    expect(() => parse({ mintFrom, k1: text1 })).toThrow("keyring: mintFrom names no key or no instant")
  })

  test("a broken secret without repeating any of it, since errors are logged", () => {
    const sound = secretOf({ mintFrom: { k2: noon }, k1: text1, k2: text2 })
    const broken = [
      ...Array.from({ length: sound.length }, (_, length) => sound.slice(0, length)),
      ...Array.from({ length: sound.length }, (_, at) => `${sound.slice(0, at)}"${sound.slice(at)}`),
      text1,
      `{"k1":${text1}}`,
      secretOf({ k1: text1, [text2]: text2 }),
      secretOf({ k1: text1, mintFrom: { [text2]: text2 } }),
    ]
    const pieces = (text: string) => Array.from({ length: text.length - 3 }, (_, at) => text.slice(at, at + 4))
    const secret = [...pieces(text1), ...pieces(text2)]
    let refused = 0
    for (const text of broken) {
      try {
        parseKeyring(text)
      } catch (error) {
        refused++
        const told = `${error} ${(error as Error).cause}`
        expect(secret.filter((piece) => told.includes(piece))).toEqual([])
      }
    }
    expect(refused).toBeGreaterThan(300)
  })

  test("arbitrary JSON only ever with an error of its own", () => {
    fc.assert(
      fc.property(fc.json(), (secret) => {
        expect(() => parseKeyring(secret)).toThrow(/^keyring: /)
      }),
    )
  })
})

describe("mintingKey", () => {
  test("a key without a time mints from the beginning", () => {
    const keyring = parse({ k1: text1 })
    expect(mintingKey(keyring, 0)).toBe("k1")
    expect(mintingKey(keyring, atNoon)).toBe("k1")
  })

  test.each([
    [-1, "k1"],
    [0, "k2"],
    [1, "k2"],
  ])("%d ms from the new key's time it is %s", (milliseconds, expected) => {
    const keyring = parse({ mintFrom: { k2: noon }, k1: text1, k2: text2 })
    expect(mintingKey(keyring, atNoon + milliseconds)).toBe(expected)
  })

  const several = parse({
    mintFrom: { k2: "2026-12-01T10:00:00Z", k3: "2026-12-01T11:00:00Z", k10: "2026-12-01T12:00:00Z" },
    // Not in the order of their times, nor of their numbers.
    k10: text1,
    k3: text2,
    k1: text1,
    k2: text2,
  })
  test.each([
    ["2026-12-01T09:59:59.999Z", "k1"],
    ["2026-12-01T10:00:00.000Z", "k2"],
    ["2026-12-01T10:59:59.999Z", "k2"],
    ["2026-12-01T11:00:00.000Z", "k3"],
    ["2026-12-01T11:59:59.999Z", "k3"],
    ["2026-12-01T12:00:00.000Z", "k10"],
    ["2036-12-01T12:00:00.000Z", "k10"],
  ])("of several, the latest whose time has come: at %s it is %s", (instant, expected) => {
    expect(mintingKey(several, Date.parse(instant))).toBe(expected)
  })

  test("the latest time wins over the highest number", () => {
    const keyring = parse({ mintFrom: { k1: noon, k2: "2026-12-01T11:00:00Z" }, k1: text1, k2: text2 })
    expect(mintingKey(keyring, atNoon - 1)).toBe("k2")
    expect(mintingKey(keyring, atNoon)).toBe("k1")
  })

  test("with equal times the highest number wins, as a number and in any order", () => {
    const names = ["k2", "k10", "k9"]
    for (const order of [names, names.toReversed(), ["k10", "k2", "k9"]]) {
      const keys = Object.fromEntries(order.map((name) => [name, text1]))
      expect(mintingKey(parse(keys), atNoon)).toBe("k10")
      const mintFrom = Object.fromEntries(order.map((name) => [name, noon]))
      expect(mintingKey(parse({ mintFrom, ...keys }), atNoon)).toBe("k10")
    }
  })

  test("no time is the same as 1970", () => {
    const keys = { k1: text1, k2: text2 }
    expect(mintingKey(parse({ mintFrom: { k1: "1970-01-01T00:00:00Z" }, ...keys }), atNoon)).toBe("k2")
    expect(mintingKey(parse({ mintFrom: { k2: "1970-01-01T00:00:00Z" }, ...keys }), atNoon)).toBe("k2")
  })

  test("throws while no key's time has come", () => {
    const keyring = parse({ mintFrom: { k1: noon, k2: noon }, k1: text1, k2: text2 })
    expect(() => mintingKey(keyring, atNoon - 1)).toThrow("keyring: no key mints yet")
    expect(mintingKey(keyring, atNoon)).toBe("k2")
  })
})

describe("isOutdated", () => {
  test.each([
    ["k1", "k1", false],
    ["k1", "k2", true],
    ["k2", "k1", false],
    ["k2", "k10", true],
    ["k10", "k2", false],
    ["k9", "k10", true],
    ["k1.k2", "k1", false],
    ["k1.k2", "k2", true],
    ["k1.k2", "k3", true],
    ["k1.k2", "k10", true],
  ])("a digest under %s, while %s mints: %s", (keyPath, minting, expected) => {
    expect(isOutdated(keyPath, minting)).toBe(expected)
  })
})

describe("digestUnder", () => {
  const keyring = parse({ k1: text1, k2: text2 })
  const token = "symsvc_HSYTyqcksHSYTyqduY_FEgKooW5RLbIKrUYErGAWCWMtO7YYD7L8rb7x51oVyx2NAqiV"
  const hmac = (key: string, message: string | Buffer) => createHmac("sha256", key).update(message).digest()

  it("is HMAC-SHA256 under the key named", () => {
    expect(digestUnder(keyring, "k1", token)).toEqual(hmac(text1, token))
    expect(digestUnder(keyring, "k2", token)).toEqual(hmac(text2, token))
  })

  it("folds a path from left to right, with the inner digest as bytes", () => {
    expect(digestUnder(keyring, "k1.k2", token)).toEqual(hmac(text2, hmac(text1, token)))
    expect(digestUnder(keyring, "k2.k1", token)).toEqual(hmac(text1, hmac(text2, token)))
    expect(digestUnder(keyring, "k1.k2.k1", token)).toEqual(hmac(text1, hmac(text2, hmac(text1, token))))
  })

  test.each(["k3", "k3.k1", "k1.k3", "k1.", ".k1", "", "K1", "constructor"])(
    "throws UnknownKey for the path %j",
    (path) => {
      expect(() => digestUnder(keyring, path, token)).toThrow(UnknownKey)
    },
  )

  it("tells an unknown key by its id, of which it repeats a little, and nothing of the token", () => {
    let thrown: unknown
    try {
      digestUnder(keyring, `k1.${"x".repeat(500)}`, token)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ name: "UnknownKey", message: `unknown key "${"x".repeat(19)}` })
    expect(() => digestUnder(keyring, "k3", token)).toThrow('unknown key "k3"')
  })
})
