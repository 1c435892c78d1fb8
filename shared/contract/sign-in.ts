/** Why a sign-in is refused, a closed list: for the audit trail, and nobody else. */
export const signInRefusals = [
  /** What was sent is no JSON Web Token, or says nothing of what an ID token has to say. */
  "malformed",
  /** It is one for something else: an access token, say. */
  "not-an-id-token",
  "unknown-key",
  /** Not its key's, or none that is verified: no signature at all, or one by a shared secret. */
  "unsupported-algorithm",
  "wrong-signature",
  "wrong-issuer",
  "wrong-audience",
  "expired",
  /** Issued more than five minutes ago, or ahead. */
  "stale",
  "future",
  "no-email",
  "unverified-email",
  "used-before",
  /** No human has this email, and nobody is bound to this subject. */
  "unknown-human",
  "account-inactive",
  /** The human of this email signs in as another subject, until an administrator unbinds it. */
  "bound-to-another",
] as const
export type SignInRefusal = (typeof signInRefusals)[number]
