import type { Scenario } from "./scenario.ts"

/** In the order in which they are run and printed. */
export const scenarios: readonly Scenario[] = []
