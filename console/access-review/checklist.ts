import type { ReviewCheck } from "../../shared/contract/review.ts"

/** The questions of the quarterly review, in its order. */
export const checklist: Record<ReviewCheck["check"], string> = {
  "documented-purpose": "All service accounts have documented purposes",
  "clear-token-name": "Token names clearly indicate usage",
  "no-expiry-without-rotation": "No tokens are close to expiration without rotation plan",
  "recently-used": "Last used timestamps are recent",
  "least-privilege": "Role assignments follow least privilege",
  "team-memberships": "Team memberships are appropriate",
  "no-orphaned-tokens": "No orphaned tokens (service deleted but tokens exist)",
}
