/**
 * How often a race is run: its size in CI, times SYMBOLON_ROUNDS (a tenth when a mutant has to be caught, more in the long
 * run).
 */
export const rounds = (inCi: number): number => Math.max(1, Math.round(inCi * Number(process.env.SYMBOLON_ROUNDS ?? 1)))

/** The official engine is slower: what only has to be large is smaller there. */
export const dynamodbLocal = process.env.SYMBOLON_ENGINE === "dynamodb-local"
