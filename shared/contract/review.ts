import * as z from "zod/mini"
import { auditEvent, page, paging, reason, token, user, wholeText } from "./objects.ts"

/** The access review: what the checklist asks, of the stage, of each service account, of each of its tokens. */

export const reviewCheck = z.strictObject({
  check: z.enum([
    "no-orphaned-tokens",
    "documented-purpose",
    "least-privilege",
    "team-memberships",
    "clear-token-name",
    "no-expiry-without-rotation",
    "recently-used",
  ]),
  result: z.enum(["ok", "attention"]),
  evidence: z.string(),
})
export type ReviewCheck = z.output<typeof reviewCheck>

const checks = z.array(reviewCheck)
const reviewedToken = z.strictObject({ token, checks })
const reviewedAccount = z.strictObject({ user, checks, tokens: z.array(reviewedToken) })
/** A schema of its own: by it the documents tell these from those of accounts and tokens (descriptions.ts). */
const ofTheStage = z.array(reviewCheck)

export const accessReview = z.strictObject({
  ...page(reviewedAccount).shape,
  reviewed_at: z.iso.datetime(),
  checks: ofTheStage,
  hash: z.nullable(z.string()),
})
export type AccessReview = z.output<typeof accessReview>

/** Fifty accounts a page at most: each has its tokens with it. */
export const reviewPaging = { ...paging, limit: z._default(wholeText(50), 50) }

export const reviewSignature = z.strictObject({
  hash: z.string().check(z.regex(/^[0-9a-f]{64}$/, "must be the hash of a review")),
  reason,
})

export const signedReview = z.strictObject({
  id: auditEvent.shape.id,
  at: auditEvent.shape.at,
  hash: z.string(),
  accounts: z.int(),
  tokens: z.int(),
  /** Another schema than that of an event's actor, which is described as one. */
  signed_by: z.strictObject(auditEvent.shape.actor.shape),
})
export type SignedReview = z.output<typeof signedReview>
