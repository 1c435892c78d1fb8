import { writeSync } from "node:fs"
import { createRequire } from "node:module"
import { inBlocks } from "../measure.ts"

/**
 * Warm verifications, one in flight, as an environment of Lambda has them: all subjects in this one process, interleaved. Tells its
 * samples on descriptor 3. SUBJECTS: name → bundle. A handler that is wrapped by better-auth and the like is one like any other.
 */
const { event, context } = createRequire(import.meta.url)("./event.cjs")
const { SUBJECTS, ROUNDS } = process.env
const operations = []
for (const [name, file] of Object.entries(JSON.parse(SUBJECTS))) {
  const { handler } = await import(file)
  const once = async () => {
    const { policyDocument } = await handler(event, context)
    if (policyDocument.Statement[0].Effect !== "Allow") throw new Error(`${name} refused`)
  }
  operations.push({ name, once })
}
const samples = await inBlocks(operations, Number(ROUNDS))
writeSync(3, JSON.stringify([...samples]))
process.exit(0)
