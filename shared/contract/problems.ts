interface ProblemType {
  status: number
  title: string
  detail: string
}

/**
 * Every problem that an endpoint answers with (RFC 9457), a closed list: one slug, one status; `type` is
 * `/api/problems/<slug>`. The authorizer's refusals, all 401, are in `refusals.ts`; two slugs are in both: the token that
 * was sent has expired (401), or the token that was named has (409).
 * A detail is fixed text. Nothing of a request is ever repeated in it, so no secret can be.
 */
export const problems = {
  "malformed-json": { status: 400, title: "Malformed JSON", detail: "The body is not valid JSON." },
  "invalid-cursor": {
    status: 400,
    title: "Invalid cursor",
    detail: "Use next_cursor as it was given, with the same path, filters and caller, or start without one.",
  },
  "invalid-idempotency-key": {
    status: 400,
    title: "Invalid Idempotency-Key",
    detail: "An Idempotency-Key is 1 to 255 visible ASCII characters, sent once.",
  },
  "authentication-required": {
    status: 401,
    title: "Authentication required",
    detail: "Send a bearer token: Authorization: Bearer <token>.",
  },
  "sign-in-refused": {
    status: 401,
    title: "Sign-in refused",
    detail: "This sign-in is not accepted. The audit trail has the reason, for an administrator.",
  },
  "insufficient-role": {
    status: 403,
    title: "Insufficient role",
    detail: "The role of this account does not permit this operation.",
  },
  "personal-tokens-need-a-human": {
    status: 403,
    title: "Personal tokens need a human",
    detail: "A service account has no personal tokens. An administrator creates service tokens for it.",
  },
  "not-found": { status: 404, title: "Not found", detail: "There is nothing here, or it is not yours." },
  "user-id-taken": {
    status: 409,
    title: "User id taken",
    detail: "Another account has, or had, the user_id that this name leads to. Choose another name.",
  },
  "email-taken": { status: 409, title: "Email taken", detail: "Another user has this email." },
  "account-inactive": {
    status: 409,
    title: "Account inactive",
    detail: "The account is not active. Reactivate it first.",
  },
  "account-deleting": { status: 409, title: "Account being deleted", detail: "The account is being deleted." },
  "account-active": {
    status: 409,
    title: "Account active",
    detail: "Only a deactivated account can be deleted. Deactivate it first.",
  },
  "team-name-taken": { status: 409, title: "Team name taken", detail: "A team has the key that this name leads to." },
  "team-in-use": {
    status: 409,
    title: "Team in use",
    detail: "Accounts or datastores belong to this team. Take them out of it first.",
  },
  "public-team": {
    status: 409,
    title: "Public team",
    detail: "Everyone is in Public: it is neither made nor deleted.",
  },
  "last-admin": {
    status: 409,
    title: "Last administrator",
    detail: "This user is the last active administrator. Make another one first.",
  },
  "token-name-taken": {
    status: 409,
    title: "Token name taken",
    detail: "The account has a token of this name. Names are unique per account, whatever their case.",
  },
  "token-quota": {
    status: 409,
    title: "Token quota",
    detail: "The account has as many tokens as it may have, revoked ones included. Delete some first.",
  },
  "token-expired": {
    status: 409,
    title: "Token expired",
    detail: "An expired token cannot be restored. Create a new one.",
  },
  "token-compromised": {
    status: 409,
    title: "Token compromised",
    detail: "A token that was reported compromised is never restored. Create a new one.",
  },
  "token-active": {
    status: 409,
    title: "Token active",
    detail: "Only a revoked token can be deleted. Revoke it first.",
  },
  "token-not-active": { status: 409, title: "Token not active", detail: "The token is not active." },
  "rotation-pending": {
    status: 409,
    title: "Rotation pending",
    detail: "A rotation of this token is under way. Complete it, or abort it, first.",
  },
  "no-rotation": {
    status: 409,
    title: "No rotation",
    detail: "There is no overlap to complete, or no unused secret to abort.",
  },
  "token-already-issued": {
    status: 409,
    title: "Token already issued",
    detail:
      "This Idempotency-Key has made its token, or secret, which is shown once. If it was lost, end it and make another.",
  },
  "review-stale": {
    status: 409,
    title: "Review stale",
    detail: "This is not the hash of all service accounts and tokens as they are now. Review them again.",
  },
  "precondition-failed": {
    status: 412,
    title: "Precondition failed",
    detail: "It has changed since. Read it again and decide anew.",
  },
  "content-too-large": { status: 413, title: "Content too large", detail: "A body is at most 16 KB." },
  "unsupported-media-type": {
    status: 415,
    title: "Unsupported media type",
    detail: "Send the body as application/json.",
  },
  "validation-failed": { status: 422, title: "Validation failed", detail: "The request has errors: see `errors`." },
  "idempotency-key-reused": {
    status: 422,
    title: "Idempotency-Key reused",
    detail: "This Idempotency-Key came with another request before. A new request needs a new key.",
  },
  "idempotency-key-required": {
    status: 428,
    title: "Idempotency-Key required",
    detail: "Send an Idempotency-Key: a repeat after a lost answer then makes no second secret.",
  },
  "too-many-requests": { status: 429, title: "Too many requests", detail: "Slow down, and try again." },
  "internal-error": {
    status: 500,
    title: "Internal error",
    detail: "This is our fault. Report the instance, which finds it in the log.",
  },
  "auth-unavailable": {
    status: 503,
    title: "Authentication unavailable",
    detail: "The token could not be checked. It may well be good: keep it, and try again.",
  },
  "service-unavailable": {
    status: 503,
    title: "Service unavailable",
    detail: "Try again; a creation with the same Idempotency-Key.",
  },
} as const satisfies Record<string, ProblemType>

export type ProblemCode = keyof typeof problems

/** Seconds that a caller waits before it tries again, on each 429 and 503. */
export const retryAfterSeconds = 2

export interface ValidationError {
  /** JSON Pointer (RFC 6901) to the field of the body, or the name of a query parameter. */
  pointer: string
  detail: string
}

/** An expected failure: thrown anywhere below a handler, answered by the endpoint pipeline. `extras` join the body. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly extras: Record<string, unknown>

  constructor(code: ProblemCode, extras: Record<string, unknown> = {}) {
    super(code)
    this.name = "Problem"
    this.code = code
    this.extras = extras
  }

  get status(): number {
    return problems[this.code].status
  }
}

/** 422 with what is wrong where. Details are fixed texts, like those of the problems. */
export const invalid = (...errors: ValidationError[]): Problem => new Problem("validation-failed", { errors })

/**
 * The `type` of a problem that another team's API answers with. Not our relative one, which would name a path of that API's own
 * host; nor our host's, which differs from stage to stage and account to account, while clients compare a `type` as text.
 */
export const problemUrn = (code: string): string => `urn:symbolon:problem:${code}`

/** The public body of a problem. `instance` is API Gateway's extended request id, which a caller can't choose. */
export const problemBody = (code: ProblemCode, instance: string, extras: Record<string, unknown> = {}) => ({
  type: `/api/problems/${code}`,
  title: problems[code].title,
  status: problems[code].status,
  detail: problems[code].detail,
  instance,
  ...extras,
})
