import { handler } from "./sdk.mjs"

/** The same with our trick: its first call in INIT. Nobody's documentation says so; it shows what of the difference is the trick. */
const event = { methodArn: "a/b/c/", headers: { Authorization: `Bearer ${"0".repeat(75)}` } }
await handler(event).catch(() => {})

export { handler }
