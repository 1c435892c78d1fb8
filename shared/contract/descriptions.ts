import type * as z from "zod/mini"
import * as object from "./objects.ts"
import { accessReview, reviewCheck } from "./review.ts"

/**
 * What a field means where its name doesn't say it all: for the documents, which find a field by its schema. So it needs a schema
 * object of its own: fields that share one would all say the same.
 */
const about = <Fields extends Record<string, z.ZodMiniType>>(
  fields: Fields,
  field: keyof Fields & string,
  says: string,
): { field: string; schema: unknown; says: string } => ({ field, schema: fields[field], says })

export const descriptions = [
  about(
    object.newToken.shape,
    "expiration",
    '"7d" to "365d" (whole days), "1y", "never", or an RFC 3339 instant in the future',
  ),
  about(
    object.newToken.shape,
    "allowed_cidrs",
    "Networks from which the token is accepted, IPv4 (0.0.0.0/0 is all of it) and IPv6 (::/0); none: from everywhere.",
  ),
  about(
    object.issuedToken.shape,
    "bearer_token",
    "The token itself. It is in this answer only, and can't be shown again.",
  ),
  about(
    object.user.shape,
    "bound",
    "Somebody of the stage's issuer has signed in as this human, and nobody else can. unbind loosens that.",
  ),
  about(object.userChanges.shape, "unbind", "Lets the next verified sign-in with this human's email be it."),
  about(object.newSession.shape, "id_token", "Issued less than five minutes ago. It is good once."),
  about(
    object.session.shape,
    "bearer_token",
    "The session's token. It is in this answer only, and can't be shown again.",
  ),
  about(object.session.shape, "expiration", "The instant at which the session ends, at the latest."),
  about(object.token.shape, "handle", "The first characters of the token: they identify it, and are safe to log."),
  about(object.token.shape, "expiration", "The instant from which the token is refused; null: never."),
  about(
    object.impact.shape,
    "networks",
    "Of the last 30 days, newest first: /24 of IPv4, /48 of IPv6, the last 16 of a token.",
  ),
  about(
    object.impact.shape,
    "stops",
    "Tokens that work now and would be refused: this one, or all of the account, used last first. A human's sessions would end too; they aren't listed.",
  ),
  about(
    object.impact.shape,
    "children",
    "How many tokens were made with this personal one and work now: they would go on working. 0 for anything else.",
  ),
  about(object.shortenedToken.shape, "new_expiration", "The instant from which the token would be refused."),
  about(object.newUser.shape, "teams", "Names of teams. Everyone is in Public."),
  about(object.newUser.shape, "reason", "Why: kept in the audit event."),
  about(object.auditEvent.shape, "id", "Tells events apart: one that is published twice has the same id both times."),
  about(object.auditEvent.shape, "actor", "Who did it. A job of the system has the id 0."),
  about(
    object.auditEvent.shape,
    "subject",
    "To what: an account, with the token's handle where a token changed; else what id and user_id name is a team or datastore.",
  ),
  about(reviewCheck.shape, "evidence", "The facts that the result follows from."),
  about(
    accessReview.shape,
    "hash",
    "Of the whole review, on its last page: what is signed off. SHA-256 over the ids and versions of all accounts and tokens.",
  ),
  about(accessReview.shape, "checks", "Of the whole stage, and the same on each page."),
  about(object.paging, "cursor", "next_cursor of the page before."),
  about({ q: object.part }, "q", "A part of the name or user_id, whatever its case."),
  about(
    object.settings.shape,
    "max_expiry_days",
    "The most days from its creation that a token lives; null: as long as it asks for.",
  ),
  about(object.settings.shape, "unused_days", "Days without use from which a token is flagged unused."),
  about(object.settings.shape, "expiring_days", "Days before its expiry from which a token is flagged expiring."),
  about(
    object.settings.shape,
    "auto_revoke_unused_days",
    "Days more without use after which a flagged token is revoked.",
  ),
  about(
    object.updatedSettings.shape,
    "applying",
    "How many tokens this change shortens, as counted just before among the 1,600 that expire last: at least so many. A job does it.",
  ),
]

const bySchema = new Map(descriptions.map(({ schema, says }) => [schema, says]))
export const descriptionOf = (schema: unknown): string | undefined => bySchema.get(schema)
