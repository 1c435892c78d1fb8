import type { Happened } from "./audit.ts"
import { instantOf, instantOrNull } from "./instants.ts"
import { type Changes, type Condition, where } from "./steps.ts"
import { expiryListing, type TokenItem } from "./table.ts"

/** What a row has while a new secret waits. */
export const pendingAttributes = [
  "pending",
  "pendingSince",
  "pendingExpiresAt",
  "nextExpiresAt",
  "overlapSeconds",
] as const satisfies (keyof TokenItem)[]

interface Promotion {
  changes: Changes
  condition: Condition
  happened: Happened<"token.rotated">
}

/**
 * The first use of a new secret: it becomes the current one, with the expiry that it was given, and the old one is good until the end of
 * the overlap, never past its own expiry. Undefined where none waits. On the condition that this very secret waits still, on a token
 * that nobody has revoked: whoever comes second, late, or after an abort changes nothing.
 */
export function promotion(token: TokenItem, firstUsedAt: number): Promotion | undefined {
  const { pending, current, expiresAt, nextExpiresAt, overlapSeconds = 0, pendingSince } = token
  if (!pending) return undefined
  const supersededAt = Math.min(firstUsedAt + overlapSeconds * 1000, expiresAt ?? Number.POSITIVE_INFINITY)
  return {
    changes: {
      set: {
        current: pending,
        previous: current,
        supersededAt,
        promotedAt: firstUsedAt,
        issuedAt: pendingSince,
        expiresAt: nextExpiresAt,
        ...expiryListing(token.id, nextExpiresAt),
      } satisfies Partial<TokenItem>,
      remove: [
        ...pendingAttributes,
        // The new expiry has reminders of its own.
        "reminded",
        ...(nextExpiresAt === undefined ? ["expiresAt"] : []),
      ],
      add: { version: 1 },
    },
    // And as it was read: an expiry that the policy has brought forward since bounds the overlap too. A digest that has moved to a newer
    // key leaves the version alone: copied as it was, it would bring back a key that may be gone by then.
    condition: where(
      "#pending.#generation = :promoted AND #state = :active AND #version = :version AND " +
        "#pending.#keyPath = :pendingPath AND #current.#keyPath = :currentPath",
      {
        promoted: pending.generation,
        active: "ACTIVE",
        version: token.version,
        pendingPath: pending.keyPath,
        currentPath: current.keyPath,
      },
    ),
    happened: {
      action: "token.rotated",
      before: { generation: current.generation, expiration: instantOrNull(expiresAt) },
      after: {
        generation: pending.generation,
        expiration: instantOrNull(nextExpiresAt),
        superseded_at: instantOf(supersededAt),
      },
    },
  }
}
