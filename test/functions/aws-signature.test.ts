import { createHash, createHmac, createSecretKey } from "node:crypto"
import { SignatureV4 } from "@smithy/signature-v4"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  authorization,
  createSigner,
  type Service,
  type SignedHeaders,
  signingKey,
} from "../../functions/aws-request.ts"

class Sha256 {
  private readonly hash
  constructor(key?: string | Uint8Array) {
    // Node is many times slower with the bytes themselves.
    this.hash = key ? createHmac("sha256", createSecretKey(Buffer.from(key))) : createHash("sha256")
  }
  update(data: string | Uint8Array) {
    this.hash.update(data)
  }
  async digest() {
    return new Uint8Array(this.hash.digest())
  }
  reset() {}
}

const text = (maxLength: number) => fc.string({ unit: "grapheme", minLength: 1, maxLength })
const base64 = (maxLength: number) => fc.string({ unit: fc.constantFrom(..."abcXYZ0189/+="), minLength: 1, maxLength })
const repeated = (part: fc.Arbitrary<string>, most: number) =>
  fc.tuple(part, fc.integer({ min: 1, max: most })).map(([one, times]) => one.repeat(times))

const credentials = {
  AWS_ACCESS_KEY_ID: base64(24),
  // AWS makes none but base64; to us a secret is any text.
  AWS_SECRET_ACCESS_KEY: fc.oneof(base64(40), text(40)),
  // Up to 2 KB, where a Lambda's has about 1.
  AWS_SESSION_TOKEN: fc.oneof(fc.constantFrom(undefined, ""), base64(20), repeated(base64(20), 100)),
}
const day = 24 * 60 * 60 * 1000
/** Before or after midnight: at the ends of the two days as often as anywhere. */
const offset = fc.oneof(
  fc.constantFrom(-day, -1000, -1, 0, 999, 1000, day - 1),
  fc.integer({ min: -day, max: day - 1 }),
)
const body = fc.oneof(
  fc.constantFrom("", "{}", '{"RequestItems":{"table":{"Keys":[{"PK":{"S":"a"},"SK":{"S":"a"}}]}}}'),
  text(60).map((name) => JSON.stringify({ name })),
  // Any UTF-16 code units, lone surrogates too.
  fc.uint16Array({ maxLength: 20 }).map((codes) => String.fromCharCode(...codes)),
  repeated(text(10), 2000),
)
const requests = 20
/** What one warm environment signs, around a midnight. Before a request its credentials may change: all three, as AWS makes them. */
const life = fc.record({
  service: fc.constantFrom<Service>("dynamodb", "secretsmanager"),
  region: fc.constantFrom(
    "us-east-1",
    "eu-central-1",
    "ap-southeast-4",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-west-1",
  ),
  midnight: fc.constantFrom("2025-01-01", "2028-02-29", "2028-03-01", "2100-01-01"),
  first: fc.record(credentials),
  signed: fc.array(
    fc.record({
      changed: fc.option(fc.record(credentials)),
      operation: fc.constantFrom("BatchGetItem", "BatchGetSecretValue", "GetItem"),
      body,
      offset,
    }),
    { minLength: requests, maxLength: requests },
  ),
})

test("equals @smithy/signature-v4's on 10,000 random requests, of signers that outlive days and credentials", async () => {
  await fc.assert(
    fc.asyncProperty(life, async ({ service, region, midnight, first, signed }) => {
      const env: Record<string, string | undefined> = { AWS_REGION: region, ...first }
      const host = `${service}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`
      const sign = createSigner(service, host, env)
      for (const [n, { changed, operation, body, offset }] of signed.entries()) {
        // No two sets of credentials have the same id.
        if (changed) Object.assign(env, changed, { AWS_ACCESS_KEY_ID: changed.AWS_ACCESS_KEY_ID + n })
        const time = Date.parse(midnight) + offset
        const headers =
          service === "dynamodb"
            ? { "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${operation}` }
            : { "content-type": "application/x-amz-json-1.1", "x-amz-target": `secretsmanager.${operation}` }
        const reference = new SignatureV4({
          service,
          region,
          credentials: {
            accessKeyId: env.AWS_ACCESS_KEY_ID ?? "",
            secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? "",
            ...(env.AWS_SESSION_TOKEN && { sessionToken: env.AWS_SESSION_TOKEN }),
          },
          sha256: Sha256 as never,
          // The body's hash as a header of its own is S3's.
          applyChecksum: false,
        })
        const request = { method: "POST", protocol: "https:", hostname: host, path: "/", query: {}, body }
        const expected = await reference.sign(
          { ...request, headers: { ...headers, host } },
          { signingDate: new Date(time) },
        )
        expect(sign(operation, body, time)).toEqual(expected.headers)
      }
    }),
    { numRuns: 10_000 / requests },
  )
})

/** The credentials of AWS's examples, which are nobody's. */
const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

/** Of "Create a signed AWS API request" and of "Examples of how to derive a signing key for Signature Version 4". */
test.each([
  ["20150830", "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"],
  ["20120215", "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"],
])("the key of %s is the one that AWS's documentation derives", (day, key) => {
  expect(signingKey(secret, [day, "us-east-1", "iam", "aws4_request"]).export().toString("hex")).toBe(key)
})

/**
 * The AWS Signature Version 4 test suite, as smithy-typescript has it (packages/signature-v4/src/suite.fixture.ts). A case
 * applies when it is a POST to `/` without a query, since we send nothing else. So these do not:
 *
 * - get-header-key-duplicate, get-header-value-multiline, get-header-value-order, get-header-value-trim, get-unreserved,
 *   get-utf8, get-vanilla and the seven get-vanilla-*: GET; and what they are about, a header's many values or its spaces, a
 *   path's characters, the order of a query, ours have not.
 * - get-relative, get-relative-relative, get-slash, get-slash-dot-slash, get-slash-pointless-dot, get-slashes, get-space
 *   (normalize-path): our path is `/`.
 * - post-vanilla-query, post-vanilla-empty-query-value, post-vanilla-query-nonunreserved, post-vanilla-query-space: a query.
 * - post-header-key-case: our names are in lower case as they stand. post-sts-header-after: we sign the session token always.
 *   What is left of either is post-vanilla.
 */
describe("in AWS's test suite, the authorization of", () => {
  const given = { host: "example.amazonaws.com", "x-amz-date": "20150830T123600Z" }
  const form = "application/x-www-form-urlencoded"
  const sessionToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7" +
    "mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d" +
    "+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

  test.each<{ name: string; headers: SignedHeaders; body?: string; signed: string; signature: string }>([
    {
      name: "post-vanilla",
      headers: given,
      signed: "host;x-amz-date",
      signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    },
    {
      name: "post-header-key-sort",
      headers: { host: given.host, "my-header1": "value1", "x-amz-date": given["x-amz-date"] },
      signed: "host;my-header1;x-amz-date",
      signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    },
    {
      name: "post-header-value-case",
      headers: { host: given.host, "my-header1": "VALUE1", "x-amz-date": given["x-amz-date"] },
      signed: "host;my-header1;x-amz-date",
      signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    },
    {
      name: "post-sts-header-before",
      headers: { ...given, "x-amz-security-token": sessionToken },
      signed: "host;x-amz-date;x-amz-security-token",
      signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    },
    {
      name: "post-x-www-form-urlencoded",
      headers: { "content-type": form, ...given },
      body: "Param1=value1",
      signed: "content-type;host;x-amz-date",
      signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    },
    {
      name: "post-x-www-form-urlencoded-parameters",
      headers: { "content-type": `${form}; charset=utf8`, ...given },
      body: "Param1=value1",
      signed: "content-type;host;x-amz-date",
      signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
    },
  ])("$name", ({ headers, body = "", signed, signature }) => {
    const scope = ["20150830", "us-east-1", "service", "aws4_request"]
    expect(authorization("AKIDEXAMPLE", signingKey(secret, scope), scope.join("/"), headers, body)).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signed}, Signature=${signature}`,
    )
  })
})
