/** The policy of a stage, as long as nobody has changed it. */
export const settings = {
  /** A token may have no expiry. */
  allowNever: true,
  /** Days without use after which a token is flagged `unused`. */
  unusedDays: 90,
  /** Days before its expiry from which a token is flagged `expiring`. */
  expiringDays: 30,
  maxTokensPerAccount: 100,
} as const

export const dayMilliseconds = 86_400_000
