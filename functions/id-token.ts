import { createHash } from "node:crypto"
import {
  JwksValidationError,
  JwkValidationError,
  JwtExpiredError,
  JwtInvalidAudienceError,
  JwtInvalidSignatureAlgorithmError,
  JwtNotBeforeError,
  JwtWithoutValidKidError,
  KidNotFoundInJwksError,
  WaitPeriodNotYetEndedJwkError,
} from "aws-jwt-verify/error"
import { SimpleJwksCache, SimplePenaltyBox } from "aws-jwt-verify/jwk"
import { decomposeUnverifiedJwt } from "aws-jwt-verify/jwt"
import type { JwtHeader, JwtPayload } from "aws-jwt-verify/jwt-model"
import { JwtVerifier } from "aws-jwt-verify/jwt-verifier"
import { email } from "../shared/contract/objects.ts"
import type { SignInRefusal } from "../shared/contract/sign-in.ts"
import { Unavailable } from "../shared/runtime.ts"
import type { Proof } from "../shared/store/sign-in.ts"
import { type Ask, type Issuer, keysOf, patienceMilliseconds, questions } from "./issuer.ts"

/** How far `iat` may be from our clock, in milliseconds, back and ahead: an ID token is fresh from its sign-in, or of no use. */
const freshMilliseconds = 300_000
/** How long the issuer's address book and keys are believed: a key that it withdraws is good so long at the most. */
const keptMilliseconds = 600_000

/**
 * Verifies ID tokens (OpenID Connect Core 1.0, 3.1.3.7) of one issuer, whose keys are found by discovery. Answers who it is, or why
 * not; throws Unavailable when the issuer's keys can't be fetched, which says nothing about the token.
 */
export function idTokenVerifier(issuer: Issuer, now: () => number): (idToken: string) => Promise<Proof> {
  const ask = questions(issuer, now)
  let held: { verifier: ReturnType<typeof verifierOf>; since: number } | undefined
  return async (idToken) => {
    // What isn't the issuer's costs it nothing, and is in nobody's memory.
    const reason = notItsOwn(issuer, idToken)
    if (reason) return { refused: reason }
    if (!held || now() - held.since >= keptMilliseconds)
      held = { verifier: verifierOf(issuer, await keysOf(issuer, ask), ask), since: now() }
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

/** By what it says itself, unverified. */
function notItsOwn({ url }: Issuer, idToken: string): SignInRefusal | undefined {
  try {
    return decomposeUnverifiedJwt(idToken).payload.iss === url ? undefined : "wrong-issuer"
  } catch {
    return "malformed"
  }
}

/** Its clocks are ours: `nbf` may be as far ahead as `iat`, and `exp` is held again, to the millisecond, in `claimsOf`. */
const verifierOf = ({ url, clientId }: Issuer, jwksUri: string, ask: Ask) =>
  JwtVerifier.create(
    { issuer: url, audience: clientId, jwksUri, graceSeconds: freshMilliseconds / 1000 },
    {
      jwksCache: new SimpleJwksCache({
        fetcher: { fetch: ask },
        penaltyBox: new SimplePenaltyBox({ waitSeconds: patienceMilliseconds / 1000 }),
      }),
    },
  )

/** What is left to hold of a token that is the issuer's, for our client. */
function claimsOf(
  { url, clientId, trustEmail }: Issuer,
  idToken: string,
  header: JwtHeader | undefined,
  payload: JwtPayload,
  now: number,
): Proof {
  const refused = (reason: SignInRefusal) => ({ refused: reason })
  const { sub, iat, exp, aud, azp } = payload
  if (isOfAnotherKind(header, payload)) return refused("not-an-id-token")
  if (azp === undefined ? Array.isArray(aud) && aud.length > 1 : azp !== clientId) return refused("wrong-audience")
  if (!isSubject(sub) || iat === undefined || exp === undefined) return refused("malformed")
  if (exp * 1000 <= now) return refused("expired")
  if (iat * 1000 < now - freshMilliseconds) return refused("stale")
  if (iat * 1000 > now + freshMilliseconds) return refused("future")
  const address = email.safeParse(payload.email)
  if (!address.success) return refused("no-email")
  // Cognito has it as text where an identity provider behind it said so.
  const isVerified = payload.email_verified === true || payload.email_verified === "true"
  if (!isVerified && !trustEmail) return refused("unverified-email")
  // A signature can be written in more than one way; what it is of, in one only.
  const signed = idToken.slice(0, idToken.lastIndexOf("."))
  const tokenHash = createHash("sha256").update(signed).digest("hex")
  return { identity: { issuer: url, subject: sub, email: address.data, tokenHash } }
}

/**
 * What says that it is something else is something else (RFC 8725, 3.11): in its header; in `token_use` (Cognito) or `typ` (Keycloak); by
 * scopes, which access tokens have, or events, which logout tokens have.
 */
function isOfAnotherKind(
  header: JwtHeader | undefined,
  { token_use: use, typ, scp, scope, events }: JwtPayload,
): boolean {
  const says = (value: unknown, expected: RegExp) =>
    value === undefined || (typeof value === "string" && expected.test(value))
  if ([scp, scope, events].some((claim) => claim !== undefined)) return true
  return !says(header?.typ, /^jwt$/i) || !says(use, /^id$/) || !says(typ, /^id$/i)
}

/** OpenID Connect Core 1.0, 2: 255 characters at most. */
const isSubject = (sub: unknown): sub is string =>
  typeof sub === "string" && sub !== "" && sub.length <= 255 && sub.isWellFormed()

const refusals: readonly (readonly [new (...given: never[]) => Error, SignInRefusal])[] = [
  [JwtWithoutValidKidError, "unknown-key"],
  [KidNotFoundInJwksError, "unknown-key"],
  [JwtInvalidSignatureAlgorithmError, "unsupported-algorithm"],
  [JwtInvalidAudienceError, "wrong-audience"],
  [JwtExpiredError, "expired"],
  [JwtNotBeforeError, "future"],
  // An instant beyond all dates.
  [RangeError, "malformed"],
]

/** Everything else that a token can provoke is about its signature. */
function refusalOf(error: unknown): SignInRefusal {
  if (error instanceof Unavailable) throw error
  // Somebody has just asked for a key that the issuer hadn't; of this one nobody knows yet.
  if (error instanceof WaitPeriodNotYetEndedJwkError) throw new Unavailable("the issuer was asked just now")
  if (error instanceof JwksValidationError || error instanceof JwkValidationError)
    throw new Unavailable("the issuer's keys are none", { cause: error })
  return refusals.find(([type]) => error instanceof type)?.[1] ?? "wrong-signature"
}
