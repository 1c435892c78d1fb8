/**
 * The closed list of codes with which the authorizer refuses a credential: all that `$context.authorizer.code` can hold.
 * Apart from the endpoints' `problems.ts`, because the authorizer's bundle carries nothing that it doesn't use.
 *
 * `invalid-token` never says why. The others are told only to who has proven the secret.
 */
export const refusals = {
  "invalid-token": "The bearer token is not valid.",
  "token-revoked": "This token has been revoked.",
  "account-inactive": "The account of this token is not active.",
  "token-expired": "This token has expired.",
  "token-superseded": "This token was rotated and its overlap has ended: use the new one.",
} as const
export type Refusal = keyof typeof refusals

/** What is told of a refusal. Its title is its code, in words. */
export const told = (code: Refusal) => ({
  title: code.charAt(0).toUpperCase() + code.slice(1).replace("-", " "),
  detail: refusals[code],
})
