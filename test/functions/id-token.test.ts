// Long because it is one list: what an ID token may be, and what it may not.
import { createHmac, createPublicKey } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"
import { base64url, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from "jose"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest"
import { idTokenVerifier } from "../../functions/id-token.ts"
import { type Issuer, issuerOf } from "../../functions/issuer.ts"
import { closed, portOf } from "../../infra/local/secrets.ts"
import { Unavailable } from "../../shared/runtime.ts"
import { frozenClock } from "../fakes.ts"
import { cognitoClaims, startTestIssuer, type TestIssuer } from "../issuer.ts"

/** Who an ID token proves, at an issuer that runs in this process and signs what real ones don't. */
const start = Date.parse("2026-11-23T12:00:00Z")
let clock = frozenClock(start)
let issuer: TestIssuer
const now = () => clock.now()
const seconds = () => now() / 1000

beforeAll(async () => {
  issuer = await startTestIssuer({ now })
})
afterAll(() => issuer.stop())
beforeEach(() => {
  clock = frozenClock(start)
  // The library's clock, which is nobody's to hand in.
  vi.useFakeTimers({ toFake: ["Date"], now: start })
  issuer.down(false)
  issuer.says({})
})
afterEach(() => vi.useRealTimers())

const stage = (over: Partial<Issuer> = {}): Issuer => ({
  url: issuer.url,
  address: issuer.url,
  clientId: issuer.clientId,
  trustEmail: false,
  ...over,
})
const verifier = (over: Partial<Issuer> = {}) => idTokenVerifier(stage(over), now)
const proof = async (idToken: string, over: Partial<Issuer> = {}) => verifier(over)(idToken)
const refusal = async (claims: Record<string, unknown>, header: Record<string, unknown> = {}) => {
  const answer = await proof(await issuer.sign(claims, header))
  return "refused" in answer ? answer.refused : "accepted"
}

describe("an ID token proves its human", () => {
  test.each([
    ["of the common shape", {}],
    ["of Cognito's shape", cognitoClaims()],
    ["whose verified email Cognito has as text", cognitoClaims({ email_verified: "true" })],
    ["for several audiences, and for us by azp", { aud: ["console", "other"], azp: "console" }],
    ["with one audience in a list", { aud: ["console"] }],
    ["whose email is written otherwise", { email: " Ana@Example.COM " }],
  ])("%s", async (_shape, claims) => {
    expect(await proof(await issuer.sign(claims))).toEqual({
      identity: {
        issuer: issuer.url,
        subject: (claims as { sub?: string }).sub ?? "subject",
        email: "ana@example.com",
        tokenHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    })
  })

  test.each(["ES256", "EdDSA"] as const)("signed with %s", async (algorithm) => {
    const other = await startTestIssuer({ now, algorithm })
    const answer = await proof(await other.sign(), { url: other.url, address: other.url })
    expect(answer).toHaveProperty("identity")
    await other.stop()
  })

  test("without a type in its header", async () => {
    expect(await refusal({}, { typ: undefined })).toBe("accepted")
  })

  test("whose email the issuer doesn't call verified, where the stage trusts it", async () => {
    for (const email_verified of [undefined, false]) {
      const idToken = await issuer.sign({ email_verified })
      expect(await proof(idToken, { trustEmail: true })).toHaveProperty("identity")
      expect(await proof(idToken)).toEqual({ refused: "unverified-email" })
    }
  })

  test("by one name, however its signature is written", async () => {
    const idToken = await issuer.sign()
    const written = [idToken, `${idToken}=`, `${idToken}==`, lastCharacterChanged(idToken)]
    const names = await Promise.all(written.map(async (one) => JSON.stringify(await proof(one))))
    expect(names[0]).toContain("identity")
    expect(new Set(names).size).toBe(1)
    expect(JSON.stringify(await proof(await issuer.sign({ jti: "another" })))).not.toBe(names[0])
  })
})

/** The unused bits of base64url's last character: another text, the same signature. */
function lastCharacterChanged(idToken: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  const last = alphabet.indexOf(idToken.at(-1) as string)
  return idToken.slice(0, -1) + alphabet[last ^ 1]
}

describe("is refused", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["for another client", { aud: "other" }, "wrong-audience"],
    ["for nobody", { aud: undefined }, "wrong-audience"],
    ["for several, and by azp for another", { aud: ["console", "other"], azp: "other" }, "wrong-audience"],
    ["for several, and for none in particular", { aud: ["console", "other"] }, "wrong-audience"],
    ["for us, and by azp for another", { azp: "other" }, "wrong-audience"],
    ["of another issuer", { iss: "https://issuer.example.com" }, "wrong-issuer"],
    ["of an issuer that differs by a slash", { iss: "SLASH" }, "wrong-issuer"],
    ["of no issuer", { iss: undefined }, "wrong-issuer"],
    ["without a subject", { sub: undefined }, "malformed"],
    ["with an empty subject", { sub: "" }, "malformed"],
    ["that doesn't say when it was issued", { iat: undefined }, "malformed"],
    ["that never expires", { exp: undefined }, "malformed"],
    ["that is Cognito's access token", cognitoClaims({ token_use: "access" }), "not-an-id-token"],
    ["without an email", { email: undefined }, "no-email"],
    ["with something else for one", { email: { toString: "ana@example.com" } }, "no-email"],
    ["with no address for one", { email: "ana" }, "no-email"],
    ["with a token of ours for one", { email: `symusr_${"0".repeat(18)}_${"0".repeat(49)}@example.com` }, "no-email"],
    ["whose email isn't verified", { email_verified: false }, "unverified-email"],
    ["whose email is anything but verified", { email_verified: 1 }, "unverified-email"],
    ["whose email is verified in a list", { email_verified: [true] }, "unverified-email"],
    // U+212A, which is a k once it is lower-cased; and white space that no keyboard has.
    ["whose email becomes another one's in lower case", { email: "\u212Aelly@example.com" }, "no-email"],
    ["whose email becomes another one's without its margin", { email: "\u00A0ana@example.com" }, "no-email"],
    ["with a subject that is no text", { sub: "\uD800" }, "malformed"],
    ["with a subject that is too long", { sub: "s".repeat(256) }, "malformed"],
    ["that expires on no day", { exp: -1e20 }, "malformed"],
    ["that is good from no day on", { nbf: 1e20 }, "malformed"],
    ["of which nothing is said about its email", { email_verified: undefined }, "unverified-email"],
  ])("one %s", async (_what, claims, reason) => {
    const iss = claims.iss === "SLASH" ? { iss: `${issuer.url}/` } : {}
    expect(await refusal({ ...claims, ...iss })).toBe(reason)
  })

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["an access token by its type (RFC 9068)", {}, { typ: "at+jwt" }],
    ["a logout token by its type", {}, { typ: "logout+jwt" }],
    ["a type that is none", {}, { typ: ["JWT"] }],
    ["Keycloak's access token", { typ: "Bearer", azp: "console", scope: "openid email" }, {}],
    ["Keycloak's refresh token", { typ: "Refresh", azp: "console" }, {}],
    ["Entra's access token of a registration that is an API, too", { azp: "console", scp: "access_as_user" }, {}],
    ["a logout token by its events", { events: { "http://schemas.openid.net/event/backchannel-logout": {} } }, {}],
  ])("%s", async (_what, claims, header) => {
    expect(await refusal(claims, header)).toBe("not-an-id-token")
  })

  test("an ID token by its type is none of these: Keycloak's", async () => {
    expect(await refusal({ typ: "ID", azp: "console" })).toBe("accepted")
  })

  test.each<[string, string, Record<string, string>]>([
    ["expired", "exp", { "-1": "expired", "0": "expired", "1": "accepted" }],
    ["issued too long ago", "iat", { "-301": "stale", "-300": "accepted", "-299": "accepted" }],
    ["issued too far ahead", "iat", { "299": "accepted", "300": "accepted", "301": "future" }],
    ["good only later", "nbf", { "299": "accepted", "300": "accepted", "301": "future" }],
  ])("one that is %s, to the second", async (_what, claim, cases) => {
    for (const [offset, expected] of Object.entries(cases).map(([text, word]) => [Number(text), word] as const))
      expect([offset, await refusal({ [claim]: seconds() + offset })]).toEqual([offset, expected])
  })

  test("what is no JSON Web Token at all", async () => {
    const [header, payload, signature] = (await issuer.sign()).split(".")
    const rubbish = [
      ...["", "none", "a.b.c", "..", `${header}.${payload}`, `${header}.${payload}.`, `.${payload}.${signature}`],
      ...[`${header}.${payload}.${signature}.${signature}`, `${header}.!!.${signature}`, `Bearer ${header}`],
      `${base64url.encode("[]")}.${payload}.${signature}`,
      `${header}.${base64url.encode("null")}.${signature}`,
      `${header}.${base64url.encode('{"iat": "now"}')}.${signature}`,
      "x".repeat(16_000),
      "é.ü.ö",
    ]
    for (const one of rubbish) expect([one, await proof(one)]).toEqual([one, { refused: "malformed" }])
  })

  test("a signature that isn't the issuer's", async () => {
    const [header, , signature] = (await issuer.sign()).split(".")
    const [, other] = (await issuer.sign({ email: "eve@example.com" })).split(".")
    expect(await proof(`${header}.${other}.${signature}`)).toEqual({ refused: "wrong-signature" })
    const { privateKey } = await generateKeyPair("RS256")
    const kid = issuer.jwks()[0]?.kid
    const forged = await new SignJWT({ iss: issuer.url, aud: "console", sub: "subject" })
      .setProtectedHeader({ alg: "RS256", kid })
      .sign(privateKey)
    expect(await proof(forged)).toEqual({ refused: "wrong-signature" })
  })

  test("one that says it needs no signature, or one made with what is public", async () => {
    const [, payload] = (await issuer.sign()).split(".") as [string, string]
    const kid = issuer.jwks()[0]?.kid as string
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString())
    const [plainHeader, plainPayload] = new UnsecuredJWT(claims).encode().split(".")
    expect(await proof(`${plainHeader}.${plainPayload}.`)).toEqual({ refused: "malformed" })
    const jwk = issuer.jwks()[0] as never
    const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" })
    const secrets = [JSON.stringify(jwk), JSON.stringify(issuer.jwks()), (jwk as { n: string }).n, pem]
    for (const alg of ["none", "None", "NONE", "", "HS256", "RS256", "RS512", "ES256", "PS256", undefined])
      for (const secret of secrets) {
        const header = base64url.encode(JSON.stringify({ alg, kid, typ: "JWT" }))
        const signature = createHmac("sha256", secret).update(`${header}.${payload}`).digest("base64url")
        const expected = alg === "RS256" ? "wrong-signature" : "unsupported-algorithm"
        expect([alg, await proof(`${header}.${payload}.${signature}`)]).toEqual([alg, { refused: expected }])
      }
  })

  test("one by a shared secret, also where the issuer doesn't say what its keys are for", async () => {
    const [jwk] = issuer.jwks()
    const { alg: _alg, use: _use, ...bare } = jwk as Record<string, unknown>
    issuer.jwks().splice(0, 1, bare as never)
    const pem = createPublicKey({ key: bare as never, format: "jwk" }).export({ type: "spki", format: "pem" })
    const [, payload] = (await issuer.sign()).split(".")
    const header = base64url.encode(JSON.stringify({ alg: "HS256", kid: bare.kid }))
    const signature = createHmac("sha256", pem).update(`${header}.${payload}`).digest("base64url")
    expect(await proof(`${header}.${payload}.${signature}`)).toEqual({ refused: "unsupported-algorithm" })
    expect(await proof(await issuer.sign())).toHaveProperty("identity")
    issuer.jwks().splice(0, 1, jwk as never)
  })

  test("a key that it brings along, or says where to find", async () => {
    const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true })
    const jwk = await exportJWK(publicKey)
    const kid = await calculateJwkThumbprint(jwk)
    const own = async (header: object) =>
      new SignJWT({ iss: issuer.url, aud: "console", sub: "subject" })
        .setProtectedHeader({ alg: "RS256", ...header })
        .sign(await importJWK(await exportJWK(privateKey), "RS256"))
    for (const header of [{ jwk }, { jwk, kid }, { jku: "http://127.0.0.1:1/jwks", kid }, {}, { kid: "" }])
      expect(await proof(await own(header))).toEqual({ refused: "unknown-key" })
  })
})

describe("the issuer's keys", () => {
  test("may be others from one moment to the next, announced or not", async () => {
    const verify = verifier()
    for (const keep of [true, false]) {
      expect(await verify(await issuer.sign())).toHaveProperty("identity")
      await issuer.rotate({ keep })
      expect(await verify(await issuer.sign())).toHaveProperty("identity")
    }
  })

  test("are asked for once while they are known, and one that is unknown is not asked for again at once", async () => {
    const verify = verifier()
    const before = issuer.asked()
    for (let n = 0; n < 5; n++) await verify(await issuer.sign({ jti: String(n) }))
    expect(issuer.asked() - before).toBe(2)
    expect(await verify(await issuer.sign({}, { kid: "unknown" }))).toEqual({ refused: "unknown-key" })
    // Of the others nobody knows yet: a key that has just been published may be among them.
    for (let n = 0; n < 5; n++)
      await expect(verify(await issuer.sign({}, { kid: `unknown ${n}` }))).rejects.toThrow(Unavailable)
    expect(issuer.asked() - before).toBe(3)
    expect(await verify(await issuer.sign())).toHaveProperty("identity")
  })

  test("are good for ten minutes after they were withdrawn, and no longer", async () => {
    const verify = verifier()
    const idToken = () => withdrawn.sign({ iat: seconds(), exp: seconds() + 60 })
    const withdrawn = await keepingItsKey()
    expect(await verify(await idToken())).toHaveProperty("identity")
    await issuer.rotate()
    clock.advance(599_999)
    expect(await verify(await idToken())).toHaveProperty("identity")
    clock.advance(1)
    expect(await verify(await idToken())).toEqual({ refused: "unknown-key" })
  })

  /** Somebody who got hold of the key that the issuer has now. */
  async function keepingItsKey() {
    const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true })
    const kid = "stolen"
    issuer.jwks().push({ ...(await exportJWK(publicKey)), kid, use: "sig", alg: "RS256" })
    return {
      sign: async (over: Record<string, unknown>) => {
        const [, payload] = (await issuer.sign(over)).split(".") as [string, string]
        return new SignJWT(JSON.parse(Buffer.from(payload, "base64url").toString()))
          .setProtectedHeader({ alg: "RS256", kid })
          .sign(privateKey)
      },
    }
  }
})

describe("without the issuer nobody is refused, and nobody let in", () => {
  const unavailable = (verify: (idToken: string) => Promise<unknown>, idToken: string) =>
    expect(verify(idToken)).rejects.toThrow(Unavailable)

  test("when it is down from the start; it is asked again with the next sign-in", async () => {
    const verify = verifier()
    issuer.down(true)
    await unavailable(verify, await issuer.sign())
    // Which isn't worth a question.
    const before = issuer.asked()
    expect(await verify("rubbish")).toEqual({ refused: "malformed" })
    expect(await verify(await issuer.sign({ iss: "https://issuer.example.com" }))).toEqual({ refused: "wrong-issuer" })
    // Nor is it asked again at once, by however many.
    clock.advance(1999)
    await unavailable(verify, await issuer.sign())
    expect(issuer.asked()).toBe(before)
    clock.advance(1)
    issuer.down(false)
    expect(await verify(await issuer.sign())).toHaveProperty("identity")
  })

  test("when it is down as its keys have to be looked for again", async () => {
    const verify = verifier()
    expect(await verify(await issuer.sign())).toHaveProperty("identity")
    issuer.down(true)
    expect(await verify(await issuer.sign())).toHaveProperty("identity")
    await unavailable(verify, await issuer.sign({}, { kid: "another" }))
    clock.advance(600_000)
    await unavailable(verify, await issuer.sign())
    issuer.down(false)
    clock.advance(2000)
    expect(await verify(await issuer.sign())).toHaveProperty("identity")
  })

  test("when it takes what it is asked, and never answers", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1")
    await once(silent, "listening")
    const url = `http://127.0.0.1:${portOf(silent)}`
    await unavailable(verifier({ url, address: url }), await issuer.sign({ iss: url }))
    await closed(silent)
  })

  test.each<[string, () => Record<string, unknown>]>([
    ["it says that it is another one", () => ({ issuer: `${issuer.url}/` })],
    ["it says that it is nobody", () => ({ issuer: undefined })],
    ["it has no keys", () => ({ jwks_uri: undefined })],
    ["its keys are no keys", () => ({ jwks_uri: `${issuer.url}/.well-known/openid-configuration` })],
    ["its keys are somewhere else", () => ({ jwks_uri: `${issuer.url}/elsewhere` })],
    ["its keys come without TLS from another machine", () => ({ jwks_uri: "http://issuer.example.com/jwks" })],
    ["its keys are in a file", () => ({ jwks_uri: "file:///etc/passwd" })],
  ])("when %s", async (_what, over) => {
    issuer.says(over())
    await unavailable(verifier(), await issuer.sign())
  })
})

test("a stage's issuer is asked at its own address, and Cognito at an emulator's where the SDK's variables name one", () => {
  const cognito = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Pool"
  const of = (env: Record<string, string>) => issuerOf({ CLIENT_ID: "console", TRUST_EMAIL: "false", ...env })
  expect(of({ ISSUER: cognito })).toEqual({ url: cognito, address: cognito, clientId: "console", trustEmail: false })
  const emulated = { url: cognito, address: "http://127.0.0.1:4566/eu-central-1_Pool" }
  expect(of({ ISSUER: cognito, AWS_ENDPOINT_URL: "http://127.0.0.1:4566" })).toMatchObject(emulated)
  const okta = "https://corp.okta.com"
  expect(of({ ISSUER: okta, AWS_ENDPOINT_URL: "http://127.0.0.1:4566", TRUST_EMAIL: "true" })).toEqual({
    url: okta,
    address: okta,
    clientId: "console",
    trustEmail: true,
  })
})
