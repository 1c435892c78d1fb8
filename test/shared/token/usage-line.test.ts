import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { parseUsageLine, usedEvent } from "../../../shared/token/usage-line.ts"

const rehash = { fromKeyPath: "k1", toKeyPath: "k2", digest: Buffer.alloc(32, 0xfb).toString("base64") }
const sound = {
  event: "token.used",
  at: 1795608000000,
  accountId: 3812345678901234,
  tokenId: 3812345678905678,
  network: "192.0.2.0/24",
  matched: "current",
  generation: 1,
}
const lineOf = (over: object = {}) => JSON.stringify({ ...sound, ...over })
const without = (object: object, field: string) =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name !== field))

test("the event is what the subscription filter looks for", () => {
  expect(usedEvent).toBe("token.used")
})

describe("accepts", () => {
  test("a line without a new digest", () => {
    expect(parseUsageLine(lineOf())).toEqual(sound)
  })

  test("a line with a new digest", () => {
    expect(parseUsageLine(lineOf({ rehash }))).toEqual({ ...sound, rehash })
  })

  test("a new digest of any 32 bytes, so with every character of base64", () => {
    const seen = new Set<string>()
    for (let byte = 0; byte < 256; byte++) {
      const digest = Buffer.from(Array.from({ length: 32 }, (_, at) => (byte + at * 7) % 256)).toString("base64")
      for (const character of digest) seen.add(character)
      expect(parseUsageLine(lineOf({ rehash: { ...rehash, digest } }))?.rehash?.digest).toBe(digest)
    }
    expect(seen.size).toBe(65)
  })

  test("a line with what else the authorizer writes", () => {
    const more = { route: "GET /users", handle: "symsvc_HSYTyqcksHSYTyqduY", userAgent: "curl/8.0" }
    expect(parseUsageLine(lineOf(more))).toMatchObject(sound)
  })

  test.each(["current", "pending", "previous"])("a match of the %s secret", (matched) => {
    expect(parseUsageLine(lineOf({ matched }))?.matched).toBe(matched)
  })

  test.each([
    ["the least id", { accountId: 1, tokenId: 1, generation: 1, at: 1 }],
    ["the greatest id", { accountId: 2 ** 53 - 1, tokenId: 2 ** 53 - 1, generation: 2 ** 53 - 1, at: 2 ** 53 - 1 }],
    ["a network of 50 characters", { network: "x".repeat(50) }],
    ["key paths of 40 characters", { rehash: { ...rehash, fromKeyPath: "k".repeat(40), toKeyPath: "k".repeat(40) } }],
  ])("%s", (_what, over) => {
    expect(parseUsageLine(lineOf(over))).toEqual({ ...sound, ...over })
  })
})

describe("refuses", () => {
  test.each(Object.keys(sound))("a line without %s", (field) => {
    expect(parseUsageLine(JSON.stringify(without(sound, field)))).toBeUndefined()
  })

  const notIds = [0, -1, 1.5, 2 ** 53, 1e300, "1", "", null, true, [1], {}]
  test.each(
    ["at", "accountId", "tokenId", "generation"].flatMap((field) => notIds.map((value) => [field, value] as const)),
  )("%s %j", (field, value) => {
    expect(parseUsageLine(lineOf({ [field]: value }))).toBeUndefined()
  })

  test.each([null, 1, true, ["192.0.2.0/24"], {}, "x".repeat(51)])("the network %j", (network) => {
    expect(parseUsageLine(lineOf({ network }))).toBeUndefined()
  })

  test.each([null, 1, "", "Current", "none", "current ", ["current"], {}, "constructor"])("the match %j", (matched) => {
    expect(parseUsageLine(lineOf({ matched }))).toBeUndefined()
  })

  test.each<readonly [string, unknown]>([
    ["null", null],
    ["false", false],
    ["a number", 1],
    ["text", "k1"],
    ["an array", []],
    ["an empty object", {}],
    ...Object.keys(rehash).map((field) => [`no ${field}`, without(rehash, field)] as const),
    ...Object.keys(rehash).map((field) => [`a number for ${field}`, { ...rehash, [field]: 1 }] as const),
    ["a long fromKeyPath", { ...rehash, fromKeyPath: "k".repeat(41) }],
    ["a long toKeyPath", { ...rehash, toKeyPath: "k".repeat(41) }],
    ["an empty digest", { ...rehash, digest: "" }],
    ["an array of a digest", { ...rehash, digest: [rehash.digest] }],
    ["a digest of 31 bytes", { ...rehash, digest: Buffer.alloc(31).toString("base64") }],
    ["a digest of 33 bytes", { ...rehash, digest: Buffer.alloc(33).toString("base64") }],
    ["a digest without its padding", { ...rehash, digest: rehash.digest.slice(0, -1) }],
    ["a digest in base64url", { ...rehash, digest: rehash.digest.replaceAll("+", "-").replaceAll("/", "_") }],
    ["a digest with a newline after it", { ...rehash, digest: `${rehash.digest}\n` }],
    ["a digest with text before it", { ...rehash, digest: `A${rehash.digest}` }],
  ])("for a new digest: %s", (_what, value) => {
    expect(parseUsageLine(lineOf({ rehash: value }))).toBeUndefined()
  })

  test.each([
    ["nothing", ""],
    ["text", "token.used"],
    ["a line of the Lambda runtime", "START RequestId: 0 Version: $LATEST token.used"],
    ["a line cut short", lineOf().slice(0, -1)],
    ["two lines", `${lineOf()}\n${lineOf()}`],
    ["null", "null"],
    ["a number", "1"],
    ["a JSON string", JSON.stringify("token.used")],
    ["an array", "[]"],
    ["an array of a sound line", `[${lineOf()}]`],
    ["an object that holds a sound line", JSON.stringify({ line: sound })],
  ])("%s", (_what, text) => {
    expect(parseUsageLine(text)).toBeUndefined()
  })

  test.each([
    "token.verified",
    "token.refused",
    "token.missing",
    "TOKEN.USED",
    "token.used ",
    "",
    null,
    ["token.used"],
  ])("the event %j", (event) => {
    expect(parseUsageLine(lineOf({ event }))).toBeUndefined()
  })

  test("another event with a user agent that holds the term, and even a whole line", () => {
    expect(parseUsageLine(lineOf({ event: "token.refused", userAgent: '"token.used"' }))).toBeUndefined()
    expect(parseUsageLine(lineOf({ event: "token.verified", userAgent: lineOf() }))).toBeUndefined()
  })
})

describe("random input", () => {
  /** What a result must hold, said once more. */
  const isSound = (line: NonNullable<ReturnType<typeof parseUsageLine>>) =>
    line.event === "token.used" &&
    [line.at, line.accountId, line.tokenId, line.generation].every((id) => Number.isSafeInteger(id) && id >= 1) &&
    typeof line.network === "string" &&
    ["current", "pending", "previous"].includes(line.matched) &&
    (line.rehash === undefined || Buffer.from(line.rehash.digest, "base64").length === 32)

  test("never throws: arbitrary JSON and arbitrary text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(parseUsageLine(text)).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  test("never throws: a sound line with arbitrary fields, and what is accepted is sound", () => {
    const over = fc.dictionary(fc.constantFrom(...Object.keys(sound), "rehash", "__proto__", "other"), fc.jsonValue())
    let accepted = 0
    fc.assert(
      fc.property(over, (fields) => {
        const line = parseUsageLine(lineOf(fields))
        if (!line) return
        accepted++
        expect(isSound(line)).toBe(true)
      }),
      { numRuns: 500 },
    )
    expect(accepted).toBeGreaterThan(0)
  })
})
