/**
 * Three sizes of the same tests: `test` for whoever changes something (an eighth of CI's), `ci`, and `long` for a night. Only the long one
 * minds a clock: it ends a loop at its deadline, and says how far it has come.
 */
export type Size = "test" | "ci" | "long"
export const size = (process.env.SYMBOLON_SIZE ?? "test") as Size
if (!["test", "ci", "long"].includes(size)) throw new Error(`SYMBOLON_SIZE is test, ci or long, and not ${size}`)

/** Of the long size, for each loop. */
export const minutes = Number(process.env.SYMBOLON_MINUTES ?? 10)

/** A test's timeout: in the long size it is the deadline of its loop that counts, and this one is there for what hangs. */
export const timeout = (milliseconds: number): number => (size === "long" ? (3 * minutes + 10) * 60_000 : milliseconds)
