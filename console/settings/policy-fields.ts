import type { Settings } from "../../shared/contract/objects.ts"

type NumberKey = { [K in keyof Settings]: Settings[K] extends boolean ? never : K }[keyof Settings]

/** What the policy has in numbers, with the words for it. */
export const numberFields: readonly { key: NumberKey; label: string; description: string }[] = [
  { key: "max_expiry_days", label: "Longest life of a token, in days", description: "Empty: no limit." },
  { key: "expiring_days", label: "Expiring, in days", description: "A token is flagged this long before it expires." },
  {
    key: "unused_days",
    label: "Unused, in days",
    description: "A token is flagged when nobody has used it for this long.",
  },
  {
    key: "auto_revoke_unused_days",
    label: "Revoked after, in days",
    description: "This long after it was flagged as unused, if unused tokens are revoked, below.",
  },
  {
    key: "max_tokens_per_account",
    label: "Most tokens of an account",
    description: "Revoked ones included.",
  },
]
