const { writeFileSync, writeSync } = require("node:fs")
const { setTimeout: sleep } = require("node:timers/promises")

/**
 * A warm environment at a Lambda's share of CPU, with a request now and then. Tells each one's milliseconds on descriptor 3. The pause
 * is no multiple of the share's period, so that requests come at any point of it.
 */
async function main() {
  const { SUBJECT, CGROUP_PROCS, WARM, REQUESTS } = process.env
  const { handler } = SUBJECT.endsWith(".cjs") ? require(SUBJECT) : await import(SUBJECT)
  const { event, context } = require("./event.cjs")
  for (let n = 0; n < Number(WARM); n++) await handler(event, context)
  writeFileSync(CGROUP_PROCS, String(process.pid))
  // What V8 still compiles comes to its end.
  await sleep(1000)
  const took = []
  for (let n = 0; n < Number(REQUESTS); n++) {
    const began = performance.now()
    await handler(event, context)
    took.push(performance.now() - began)
    await sleep(31)
  }
  writeSync(3, JSON.stringify(took))
  process.exit(0)
}
main().catch((error) => {
  console.error(error)
  process.exit(1)
})
