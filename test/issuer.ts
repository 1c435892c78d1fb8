import { once } from "node:events"
import { createServer } from "node:http"
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose"
import { closed, portOf } from "../infra/local/secrets.ts"

/** An issuer that signs whatever it is told to, which no real one does: over HTTP, with keys of its own. */
export interface TestIssuer {
  url: string
  clientId: string
  /** Signed with the key that it publishes now; `over` wins over what an ID token of the common shape says. */
  sign: (over?: Record<string, unknown>, header?: Record<string, unknown>) => Promise<string>
  /** Publishes another key, and signs with it. With `keep` the old one stays published. */
  rotate: (options?: { keep?: boolean }) => Promise<void>
  /** What it publishes. */
  jwks: () => JWK[]
  /** Answers nothing but 500 until it is up again; how often it was asked is counted. */
  down: (isDown: boolean) => void
  asked: () => number
  /** What its discovery document says, but for this. */
  says: (over: Record<string, unknown>) => void
  stop: () => Promise<void>
}

type Algorithm = "RS256" | "ES256" | "EdDSA"

export async function startTestIssuer({
  now = Date.now,
  algorithm = "RS256" as Algorithm,
}: {
  now?: () => number
  algorithm?: Algorithm
} = {}): Promise<TestIssuer> {
  const clientId = "console"
  let published: JWK[] = []
  let current: { kid: string; privateKey: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"] }
  let asked = 0
  let isDown = false
  let said: Record<string, unknown> = {}
  const newKey = async (keep: boolean) => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
    const kid = `key-${crypto.randomUUID()}`
    current = { kid, privateKey }
    const jwk = { ...(await exportJWK(publicKey)), kid, use: "sig", alg: algorithm }
    published = keep ? [...published, jwk] : [jwk]
  }
  await newKey(false)
  const server = createServer((request, response) => {
    asked += 1
    const documents: Record<string, object> = {
      "/.well-known/openid-configuration": { issuer: url, jwks_uri: `${url}/jwks`, ...said },
      "/jwks": { keys: published },
    }
    const document = isDown ? undefined : documents[request.url ?? ""]
    if (request.url === "/elsewhere") response.writeHead(302, { location: `${url}/jwks` }).end()
    else response.writeHead(document ? 200 : 500, { "content-type": "application/json" }).end(JSON.stringify(document))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const url = `http://127.0.0.1:${portOf(server)}`
  return {
    url,
    clientId,
    sign: (over = {}, header = {}) => {
      const seconds = Math.floor(now() / 1000)
      const claims = {
        iss: url,
        aud: clientId,
        sub: "subject",
        iat: seconds,
        exp: seconds + 3600,
        email: "ana@example.com",
        email_verified: true,
        name: "Ana",
        // Two of one second are two.
        nonce: crypto.randomUUID(),
        ...over,
      }
      return new SignJWT(JSON.parse(JSON.stringify(claims)))
        .setProtectedHeader({ alg: algorithm, kid: current.kid, typ: "JWT", ...header })
        .sign(current.privateKey)
    },
    rotate: ({ keep = false } = {}) => newKey(keep),
    jwks: () => published,
    down: (value) => {
      isDown = value
    },
    asked: () => asked,
    says: (over) => {
      said = over
    },
    stop: () => closed(server),
  }
}

/** An ID token as a Cognito user pool has them. */
export const cognitoClaims = (over: Record<string, unknown> = {}) => ({
  token_use: "id",
  "cognito:username": "3f1c0e5a-8a51-4f0c-9d2b-1f0c6f9a1b2c",
  sub: "3f1c0e5a-8a51-4f0c-9d2b-1f0c6f9a1b2c",
  origin_jti: "0d3f6a0e-6d2b-4d0f-8a53-5a4f0a7d8c11",
  event_id: "4e0a9a5e-2f0c-4c8e-9d5f-2b1c7a6e5d43",
  auth_time: 1_795_000_000,
  jti: "9b2f4c1d-7e6a-4b5c-8d9e-0f1a2b3c4d5e",
  ...over,
})
