import { policy } from "./job.mjs"

/** A handler that does nothing: what Node and a bundle cost. */
export const handler = async (event) => policy("Allow", event, "x", {})
