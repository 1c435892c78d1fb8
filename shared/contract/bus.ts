/** The name of a stage's EventBridge bus, and the `source` of every event on it. */
export const busOf = (stage: string): string => `symbolon.${stage}`
