import {
  createLocalJWKSet,
  createRemoteJWKSet,
  exportJWK,
  generateKeyPair,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from "jose"
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest"
import { openBrowser } from "../../../examples/sign-in/browser.ts"
import { signInAt } from "../../../examples/sign-in/sign-in-at.ts"
import { type LocalIssuer, startIssuer } from "../../../infra/local/issuer.ts"
import { people } from "../../../infra/local/people.ts"
import { raw } from "./fixture.ts"
import { answerOf, open, questionAt, redirectUri } from "./question.ts"

const said = (["error", "warn", "info", "log"] as const).map((name) => vi.spyOn(console, name))
let issuer: LocalIssuer
beforeAll(async () => {
  issuer = await startIssuer({ port: 0 })
})
afterAll(async () => {
  await issuer.stop()
  for (const spy of said) expect(spy.mock.calls).toEqual([])
})

const question = (changes?: Parameters<typeof questionAt>[1]) => questionAt(issuer.url, changes)

describe("the local issuer", () => {
  it("says where it is, and what it does", async () => {
    const found = await (await fetch(`${issuer.url}/.well-known/openid-configuration`)).json()
    expect(found).toMatchObject({
      issuer: issuer.url,
      scopes_supported: ["openid", "email", "profile"],
      response_types_supported: ["code"],
      code_challenge_methods_supported: ["S256"],
      id_token_signing_alg_values_supported: ["RS256"],
    })
  })

  it("wants PKCE, with S256", async () => {
    for (const changes of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge_method: "plain" },
      { code_challenge_method: undefined },
    ])
      expect(answerOf(await open(question(changes))).searchParams.get("error")).toBe("invalid_request")
  })

  it.each([
    ["no other host", "http://localhost:4000/callback"],
    ["no other site", "https://example.com/callback"],
    ["no other path", "http://127.0.0.1:4000/"],
    ["nowhere by itself", undefined],
  ])("sends back to %s", async (_, redirect_uri) => {
    const response = await open(question({ redirect_uri }))
    expect([response.status, response.headers.get("Location")]).toEqual([400, null])
    expect(await response.text()).toContain("<h1>This sign-in can't go on</h1>")
  })

  it("signs each person in with a token that says who they are", async () => {
    const keys = createRemoteJWKSet(new URL("/jwks", issuer.url))
    for (const { subject, email, name } of people) {
      const idToken = await signInAt(issuer.url, "console", redirectUri, email)
      const { payload, protectedHeader } = await jwtVerify(idToken, keys, { issuer: issuer.url, audience: "console" })
      expect(protectedHeader.alg).toBe("RS256")
      expect(payload).toMatchObject({ sub: subject, email, email_verified: true, name })
    }
  })

  it("gives a code once, and not without its verifier", async () => {
    const callback = await openBrowser("editor@example.com")(question(), redirectUri)
    const redeem = (code_verifier: string) => {
      const code = callback.searchParams.get("code") as string
      const grant = { grant_type: "authorization_code", client_id: "console", redirect_uri: redirectUri }
      return fetch(`${issuer.url}/token`, {
        method: "POST",
        body: new URLSearchParams({ ...grant, code, code_verifier }),
      })
    }
    const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    expect((await redeem(verifier.replace("d", "e"))).status).toBe(400)
    expect((await redeem(verifier)).status).toBe(200)
    expect((await redeem(verifier)).status).toBe(400)
  })

  it("signs with the key that it is given, and so can who gave it", async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true })
    const given = await startIssuer({ port: 0, jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: "given" }] } })
    onTestFinished(given.stop)
    const published = createRemoteJWKSet(new URL("/jwks", given.url))
    const forged = await new SignJWT({ sub: "x" }).setProtectedHeader({ alg: "RS256", kid: "given" }).sign(privateKey)
    expect((await jwtVerify(forged, published)).payload.sub).toBe("x")
    const own = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: "given" }] })
    const idToken = await signInAt(given.url, "console", redirectUri, "member@example.com")
    expect((await jwtVerify<JWTPayload>(idToken, own)).payload.sub).toBe("member")
  })

  it("answers pages of this machine's own address, whatever their port, and no others", async () => {
    const allowed = async (Origin: string) => {
      const response = await fetch(`${issuer.url}/token`, {
        method: "POST",
        headers: { Origin },
        body: new URLSearchParams({ grant_type: "authorization_code", client_id: "console", code: "x" }),
      })
      return response.headers.get("Access-Control-Allow-Origin")
    }
    expect(await allowed("http://127.0.0.1:4000")).toBe("http://127.0.0.1:4000")
    for (const origin of ["https://example.com", "http://127.0.0.1.example.com", "http://localhost:4000", "null"])
      expect(await allowed(origin)).toBeNull()
  })

  it("answers under its own name only, whatever name leads to this machine", async () => {
    const { port } = new URL(issuer.url)
    const { status } = await raw(Number(port), "GET /.well-known/openid-configuration HTTP/1.1")
    expect(status).toBe(421)
  })

  it("can't have a port that is taken", async () => {
    await expect(startIssuer({ port: Number(new URL(issuer.url).port) })).rejects.toThrow("EADDRINUSE")
  })
})
