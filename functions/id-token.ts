import { createHash } from "node:crypto"
import {
  JwksValidationError,
  JwkValidationError,
  JwtExpiredError,
  JwtInvalidAudienceError,
  JwtInvalidIssuerError,
  JwtNotBeforeError,
  JwtWithoutValidKidError,
  KidNotFoundInJwksError,
  WaitPeriodNotYetEndedJwkError,
} from "aws-jwt-verify/error"
import { SimpleJwksCache } from "aws-jwt-verify/jwk"
import { decomposeUnverifiedJwt } from "aws-jwt-verify/jwt"
import type { JwtHeader, JwtPayload } from "aws-jwt-verify/jwt-model"
import { JwtVerifier } from "aws-jwt-verify/jwt-verifier"
import * as z from "zod/mini"
import { email } from "../shared/contract/objects.ts"
import type { SignInRefusal } from "../shared/contract/sign-in.ts"
import { Unavailable } from "../shared/runtime.ts"
import type { Proof } from "../shared/store/sign-in.ts"

/** Who signs people in on a stage. */
export interface Issuer {
  /** As `iss` has it, to the letter. */
  url: string
  /** Where its documents are: the same, but at an emulator. */
  address: string
  clientId: string
  /** Whether an email counts that the issuer doesn't call verified. */
  trustEmail: boolean
}

type Environment = Record<string, string | undefined>

export function issuerOf(env: Environment): Issuer {
  const url = env.ISSUER ?? ""
  // An emulator's Cognito keeps the real one's names; the SDK's own variables say where it is.
  const emulator = env.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER ?? env.AWS_ENDPOINT_URL
  const cognito = /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?(?=\/)/
  return {
    url,
    address: emulator === undefined ? url : url.replace(cognito, emulator),
    clientId: env.CLIENT_ID ?? "",
    trustEmail: env.TRUST_EMAIL === "true",
  }
}

/** How far `iat` may be from our clock, in milliseconds, back and ahead: an ID token is fresh from its sign-in, or of no use. */
const freshMilliseconds = 300_000
/** How long the issuer's address book and keys are believed: a key that it withdraws is good so long at the most. */
const keptMilliseconds = 600_000

/**
 * Verifies ID tokens (OpenID Connect Core 1.0, 3.1.3.7) of one issuer, whose keys are found by discovery. Answers who it is, or why
 * not; throws Unavailable when the issuer's keys can't be fetched, which says nothing about the token.
 */
export function idTokenVerifier(issuer: Issuer, now: () => number): (idToken: string) => Promise<Proof> {
  let held: { verifier: ReturnType<typeof verifierOf>; since: number } | undefined
  return async (idToken) => {
    // What is no JSON Web Token costs the issuer nothing.
    if (!isJwt(idToken)) return { refused: "malformed" }
    if (!held || now() - held.since >= keptMilliseconds)
      held = { verifier: verifierOf(issuer, await keysOf(issuer)), since: now() }
    let header: JwtHeader | undefined
    try {
      const payload = await held.verifier.verify(idToken, {
        customJwtCheck: (verified) => {
          header = verified.header
        },
      })
      return claimsOf(issuer, idToken, header, payload, now())
    } catch (error) {
      return { refused: refusalOf(error) }
    }
  }
}

function isJwt(text: string): boolean {
  try {
    decomposeUnverifiedJwt(text)
    return true
  } catch {
    return false
  }
}

/** Its clocks are ours: `nbf` may be as far ahead as `iat`, and `exp` is held again, to the millisecond, in `claimsOf`. */
const verifierOf = ({ url, clientId }: Issuer, jwksUri: string) =>
  JwtVerifier.create(
    { issuer: url, audience: clientId, jwksUri, graceSeconds: freshMilliseconds / 1000 },
    { jwksCache: new SimpleJwksCache({ fetcher: { fetch: fetched } }) },
  )

const discovered = z.object({ issuer: z.string(), jwks_uri: z.string() })

/** Where the issuer says that its keys are (OpenID Connect Discovery 1.0). */
async function keysOf({ url, address }: Issuer): Promise<string> {
  const document = await fetched(`${address.replace(/\/$/, "")}/.well-known/openid-configuration`)
  const found = discovered.safeParse(readJson(document))
  if (!found.success || found.data.issuer !== url) throw new Unavailable("the issuer's configuration is not its own")
  return found.data.jwks_uri
}

function readJson(document: ArrayBuffer): unknown {
  try {
    return JSON.parse(Buffer.from(document).toString())
  } catch {
    return undefined
  }
}

/** Over TLS; on this machine, where an issuer runs for development, without. */
async function fetched(address: string): Promise<ArrayBuffer> {
  try {
    const { protocol, hostname } = new URL(address)
    const isHere = hostname === "127.0.0.1" || hostname === "localhost"
    if (protocol !== "https:" && !isHere) throw new Error("an issuer is asked over TLS only")
    const response = await fetch(address, { redirect: "error", signal: AbortSignal.timeout(3000) })
    if (!response.ok) throw new Error(`the issuer answers ${response.status}`)
    return await response.arrayBuffer()
  } catch (cause) {
    throw new Unavailable("the issuer is unavailable", { cause })
  }
}

/** What is left to hold of a token that is the issuer's, for our client. */
function claimsOf(
  { url, clientId, trustEmail }: Issuer,
  idToken: string,
  header: JwtHeader | undefined,
  payload: JwtPayload,
  now: number,
): Proof {
  const refused = (reason: SignInRefusal) => ({ refused: reason })
  const { sub, iat, exp, aud, azp, token_use: use } = payload
  // RFC 8725, 3.11: what says that it is something else is something else. Cognito says so in `token_use`.
  if (!/^jwt$/i.test(String(header?.typ ?? "JWT")) || (use !== undefined && use !== "id"))
    return refused("not-an-id-token")
  if (azp === undefined ? Array.isArray(aud) && aud.length > 1 : azp !== clientId) return refused("wrong-audience")
  if (typeof sub !== "string" || sub === "" || iat === undefined || exp === undefined) return refused("malformed")
  if (exp * 1000 <= now) return refused("expired")
  if (iat * 1000 < now - freshMilliseconds) return refused("stale")
  if (iat * 1000 > now + freshMilliseconds) return refused("future")
  const address = email.safeParse(payload.email)
  if (!address.success) return refused("no-email")
  // Cognito has it as text where an identity provider behind it said so.
  const isVerified = String(payload.email_verified) === "true"
  if (!isVerified && !trustEmail) return refused("unverified-email")
  // A signature can be written in more than one way; what it is of, in one only.
  const signed = idToken.slice(0, idToken.lastIndexOf("."))
  const tokenHash = createHash("sha256").update(signed).digest("hex")
  return { identity: { issuer: url, subject: sub, email: address.data, tokenHash } }
}

const refusals: readonly (readonly [new (...given: never[]) => Error, SignInRefusal])[] = [
  [JwtWithoutValidKidError, "unknown-key"],
  [KidNotFoundInJwksError, "unknown-key"],
  // Somebody has asked for a key that the issuer, asked again, hadn't: it is not asked again for ten seconds.
  [WaitPeriodNotYetEndedJwkError, "unknown-key"],
  [JwtInvalidIssuerError, "wrong-issuer"],
  [JwtInvalidAudienceError, "wrong-audience"],
  [JwtExpiredError, "expired"],
  [JwtNotBeforeError, "future"],
]

/** Everything else that a token can provoke is about its signature: an algorithm that isn't its key's, or none at all. */
function refusalOf(error: unknown): SignInRefusal {
  if (error instanceof Unavailable) throw error
  if (error instanceof JwksValidationError || error instanceof JwkValidationError)
    throw new Unavailable("the issuer's keys are none", { cause: error })
  return refusals.find(([type]) => error instanceof type)?.[1] ?? "wrong-signature"
}
