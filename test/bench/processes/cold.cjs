const { writeFileSync, writeSync } = require("node:fs")

/**
 * One cold start: loads a bundle as Lambda's runtime does (INIT), calls its handler, and tells on descriptor 3 when and at what
 * cost. With CGROUP_PROCS it moves into that group after INIT: INIT runs at full CPU, INVOKE at the function's share. EVENT is the
 * file beside this one that has what the handler is called with, and says which answer is a good one.
 */
const now = () => process.hrtime.bigint()
const milliseconds = (from, to) => Number(to - from) / 1e6

async function main() {
  const { SUBJECT, CGROUP_PROCS, EVENT = "event.cjs" } = process.env
  const began = now()
  const { handler } = SUBJECT.endsWith(".cjs") ? require(SUBJECT) : await import(SUBJECT)
  const loaded = now()
  const { event, context, isGood } = require(`./${EVENT}`)
  if (CGROUP_PROCS) writeFileSync(CGROUP_PROCS, String(process.pid))
  const called = now()
  const answer = await handler(event, context)
  const answered = now()
  const { user, system } = process.cpuUsage()
  if (!isGood(answer)) throw new Error(`refused: ${JSON.stringify(answer)}`)
  const calledAgain = now()
  await handler(event, context)
  writeSync(
    3,
    JSON.stringify({
      answeredAt: String(answered),
      init: milliseconds(began, loaded),
      first: milliseconds(called, answered),
      second: milliseconds(calledAgain, now()),
      cpu: (user + system) / 1000,
      memory: process.memoryUsage.rss() / 2 ** 20,
    }),
  )
  process.exit(0)
}
main().catch((error) => {
  console.error(error)
  process.exit(1)
})
