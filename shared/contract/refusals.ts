/**
 * The closed list of codes with which the authorizer refuses a credential: all that `$context.authorizer.code` can hold.
 * Apart from the endpoints' `problems.ts`, because the authorizer's bundle carries nothing that it doesn't use.
 *
 * `invalid-token` never says why. The others are told only to who has proven the secret.
 */
export const refusals = {
  "invalid-token": { title: "Invalid token", detail: "The bearer token is not valid." },
  "token-revoked": { title: "Token revoked", detail: "This token has been revoked." },
  "account-inactive": { title: "Account inactive", detail: "The account of this token is not active." },
  "token-expired": { title: "Token expired", detail: "This token has expired." },
  "token-superseded": {
    title: "Token superseded",
    detail: "This token was rotated and its overlap has ended: use the new one.",
  },
} as const
export type Refusal = keyof typeof refusals
