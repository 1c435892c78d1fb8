import { writeSync } from "node:fs"
import { createRequire } from "node:module"
import { createInterface } from "node:readline"

/** An execution environment that is invoked by each line on its stdin, and answers with one on descriptor 3: from then on it may be frozen. */
const { event, context } = createRequire(import.meta.url)("./event.cjs")
const { handler } = await import(process.env.SUBJECT)
writeSync(3, "ready\n")
for await (const _ of createInterface({ input: process.stdin })) {
  const { policyDocument } = await handler(event, context)
  writeSync(3, `${policyDocument.Statement[0].Effect}\n`)
}
