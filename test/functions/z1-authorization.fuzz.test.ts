import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import fc from "fast-check"
import { expect, test } from "vitest"
import { authorizer } from "../../functions/authorize.ts"
import { accountId, accountRow, found, knownPorts, bearer as token, tokenRow } from "../known-token.ts"
import { runs, timeout } from "../rounds.ts"

/**
 * Z1: whatever comes as a credential, the authorizer answers, and lets nobody in but the one token that there is. Kills the mutants
 * z1-first-of-several and z1-trimmed.
 */
let tableCalls = 0
let written = ""
const authorize = authorizer({
  ...knownPorts(),
  // There are no other rows, whatever is asked for. Calls are counted and not kept, since there are millions.
  dynamodb: async () => {
    tableCalls++
    return found(tokenRow(), accountRow())
  },
  write: (line) => {
    written = JSON.stringify(line)
  },
})

type Headers = Record<string, string[]>
const eventOf = (multiValueHeaders: Headers) =>
  ({
    methodArn: "arn:aws:execute-api:us-east-1:1:api/api/GET/x",
    httpMethod: "GET",
    resource: "/x",
    multiValueHeaders,
    requestContext: { apiId: "a", requestId: "r", identity: { sourceIp: "203.0.113.7", userAgent: "z1" } },
  }) as unknown as APIGatewayRequestAuthorizerEvent

/** Allow, the code of a refusal, or what was thrown. */
async function answerTo(headers: Headers): Promise<string> {
  try {
    const { policyDocument, context } = await authorize(eventOf(headers))
    return (policyDocument.Statement[0] as { Effect: string }).Effect === "Allow" ? "Allow" : String(context?.code)
  } catch (error) {
    return `throws ${(error as Error).message}`
  }
}

/** By the letter of the contract, and by another way than the product's: one value, the scheme, spaces, the token. */
function expected(headers: Headers): string {
  const values = Object.entries(headers).flatMap(([name, all]) => (/^authorization$/i.test(name) ? all : []))
  if (values.every((value) => !/\S/.test(value))) return "throws Unauthorized"
  const [value = ""] = values
  const good = values.length === 1 && /^bearer +$/i.test(value.slice(0, -token.length)) && value.endsWith(token)
  return good ? "Allow" : "invalid-token"
}

const units = (maxLength: number) => fc.uint16Array({ maxLength }).map((codes) => String.fromCharCode(...codes))
const bytes = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((values) => Buffer.from(values).toString("latin1"))
const scheme = fc.constantFrom(
  "Bearer ",
  "bearer ",
  "BEARER   ",
  "Bearer\t",
  "Basic ",
  "Digest ",
  "Token ",
  "",
  "Bearer",
  "\u212Aearer ",
  "Βearer ",
  "Bearer\u00a0",
  "Bearer\u3000",
  " Bearer ",
  "Bearer Bearer ",
)
const folding = fc.constantFrom(
  "\r\n ",
  "\n",
  "\r",
  "\r\n\t",
  "\0",
  "\u2028",
  " ",
  "\t",
  ", ",
  ";",
  "\u200b",
  "\ufeff",
  "%00",
  "\u0301",
)
/** What looks like a character of the token, and is none. */
const homoglyphs: Record<string, string> = {
  s: "ѕ",
  y: "у",
  m: "ｍ",
  K: "\u212A",
  S: "Ѕ",
  o: "о",
  "0": "０",
  "1": "１",
  _: "＿",
  A: "Α",
}
const alike = fc.constantFrom(...[...token].map((_, at) => at)).map((at) => {
  const character = token[at] as string
  return (
    token.slice(0, at) +
    (homoglyphs[character] ?? String.fromCodePoint(0xff00 + character.charCodeAt(0) - 0x20)) +
    token.slice(at + 1)
  )
})
const changed = fc
  .tuple(fc.nat(token.length), fc.oneof(folding, units(3), bytes(3)), fc.nat(2))
  .map(([at, by, gone]) => token.slice(0, at) + by + token.slice(at + gone))
const part = fc.base64String({ maxLength: 80 }).map((text) => text.replaceAll("=", ""))
const jwt = fc
  .tuple(
    fc.constantFrom("none", "HS256", "RS256", "ES256"),
    fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
    part,
  )
  .map(([alg, claims, signature]) =>
    [
      { alg, typ: "JWT" },
      { ...claims, sub: String(accountId) },
    ]
      .map((one) => Buffer.from(JSON.stringify(one)).toString("base64url"))
      .concat(signature)
      .join("."),
  )
const credential = fc.oneof(
  { weight: 6, arbitrary: changed },
  { weight: 2, arbitrary: alike },
  { weight: 2, arbitrary: units(120) },
  { weight: 2, arbitrary: bytes(120) },
  { weight: 2, arbitrary: jwt },
  { weight: 1, arbitrary: fc.constant(token) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(token.toUpperCase(), token.slice(0, -1), `${token}A`, token.replace("svc", "usr")),
  },
  { weight: 1, arbitrary: folding.map((by) => token + by) },
  { weight: 1, arbitrary: fc.constantFrom("", " ", "\t", "null", "undefined", "__proto__", "constructor") },
)
const value = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(scheme, credential).map(([before, rest]) => before + rest) },
  { weight: 1, arbitrary: credential },
)
const headers = fc.oneof(
  { weight: 8, arbitrary: value.map((one): Headers => ({ Authorization: [one] })) },
  {
    weight: 1,
    arbitrary: fc.array(value, { maxLength: 4 }).map((all): Headers => ({ authorization: all })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(value, value)
      .map(([one, other]): Headers => ({ Authorization: [one], aUTHORIZATION: [other] })),
  },
  {
    weight: 1,
    arbitrary: value.map((one): Headers => ({ "X-Authorization": [one], "Authorization ": [one], Cookie: [one] })),
  },
)

const secret = token.slice(26)
const answered: Record<string, number> = {}

test("Z1 of anything that comes as Authorization, nothing is let in but the token, and nothing breaks", {
  timeout: timeout(120_000),
}, async () => {
  const once = async (given: Headers) => {
    const before = tableCalls
    const answer = await answerTo(given)
    answered[answer] = (answered[answer] ?? 0) + 1
    if (answer !== expected(given)) expect([answer, given]).toEqual([expected(given), given])
    // A line holds nothing of what was sent: neither the token nor a part that could be one.
    if (written.includes(secret.slice(0, 8))) expect(written).not.toContain(secret.slice(0, 8))
    if (answer !== "Allow" && tableCalls > before + 1) throw new Error("more than one table call")
  }
  await fc.assert(fc.asyncProperty(headers, once), runs(40_000, 10_000_000))
  // Each came up, or the generator proves nothing.
  expect(Object.keys(answered).sort()).toEqual(["Allow", "invalid-token", "throws Unauthorized"])
})

test.each<[string, string]>([
  ["a megabyte of letters", `Bearer ${"a".repeat(1_000_000)}`],
  ["a megabyte of spaces", `Bearer ${" ".repeat(1_000_000)}x`],
  ["the token after a megabyte", `Bearer ${"symsvc_".repeat(150_000)}${token}`],
  ["the token before a megabyte", `Bearer ${token}${"0".repeat(1_000_000)}`],
  ["a megabyte of NUL", "\0".repeat(1_000_000)],
  ["a megabyte of schemes", "Bearer ".repeat(150_000)],
  ["a megabyte of lone surrogates", `Bearer ${"\ud800".repeat(500_000)}`],
])("Z1 %s is refused, without a look at the table", async (_, given) => {
  const before = tableCalls
  expect(await answerTo({ Authorization: [given] })).toBe("invalid-token")
  expect(tableCalls).toBe(before)
})

test("Z1 a hundred thousand Authorization headers are refused, the token among them", async () => {
  const many = Array.from({ length: 100_000 }, () => `Bearer ${token}`)
  expect(await answerTo({ Authorization: many })).toBe("invalid-token")
})
