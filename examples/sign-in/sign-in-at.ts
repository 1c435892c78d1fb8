import { createHash, randomBytes } from "node:crypto"
import { openBrowser } from "./browser.ts"

/** For state, nonce and PKCE's verifier: 256 bits, which nobody guesses. */
const random = () => randomBytes(32).toString("base64url")

/**
 * Signs a human in at an OpenID Connect issuer with Authorization Code and PKCE (OpenID Connect Core 1.0, 3.1; RFC 7636), as a public
 * client: there is no secret that a program on somebody's machine could keep. Answers the ID token. Throws an Error that says what is
 * not as it should be.
 *
 * A CLI for humans does the same, but for one line: it opens their own browser, and listens at `redirectUri` (RFC 8252: 127.0.0.1, on
 * any free port) for the answer.
 */
export async function signInAt(issuer: string, clientId: string, redirectUri: string, email: string): Promise<string> {
  const endpoints = await discover(issuer)
  const [state, nonce, verifier] = [random(), random(), random()]
  const question = new URL(endpoints.authorization)
  question.search = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: "openid email profile",
    state,
    nonce,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString()

  const { searchParams: answer } = await openBrowser(email)(question, redirectUri)
  // Another sign-in's answer, which somebody would have us take for this one's; RFC 9207: another issuer's.
  if (answer.get("state") !== state) throw new Error("the answer's state is not the one that was sent")
  if ((answer.get("iss") ?? issuer) !== issuer) throw new Error(`the answer is from ${answer.get("iss")}`)
  const code = answer.get("code")
  if (code === null) throw new Error(`${issuer} refuses: ${answer.get("error")}, ${answer.get("error_description")}`)

  const tokens = await fetch(endpoints.token, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: clientId,
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
    }),
  })
  if (!tokens.ok) throw new Error(`${endpoints.token} answers ${tokens.status}: ${await tokens.text()}`)
  const { id_token: idToken } = (await tokens.json()) as { id_token: string }
  const claims = claimsOf(idToken)
  if (claims.nonce !== nonce)
    throw new Error("the ID token is of another sign-in: its nonce is not the one that was sent")
  if (claims.iss !== issuer || claims.aud !== clientId) throw new Error("the ID token is of another issuer or client")
  return idToken
}

/** Where the issuer says that its endpoints are (OpenID Connect Discovery 1.0). */
async function discover(issuer: string): Promise<{ authorization: string; token: string }> {
  const address = `${issuer}/.well-known/openid-configuration`
  const response = await fetch(address)
  if (!response.ok) throw new Error(`${address} answers ${response.status}`)
  const found = (await response.json()) as { issuer: string; authorization_endpoint: string; token_endpoint: string }
  if (found.issuer !== issuer) throw new Error(`${address} is of the issuer ${found.issuer}`)
  return { authorization: found.authorization_endpoint, token: found.token_endpoint }
}

/** Unverified: it comes from the issuer itself, and who lets anybody in by it verifies its signature (here, `POST /sign-in`). */
function claimsOf(idToken: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(idToken.split(".")[1] ?? "", "base64url").toString())
}
