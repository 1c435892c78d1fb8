import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { buildFunctions } from "../../infra/build.ts"
import { synthesize } from "../../infra/local/synth.ts"
import { type Answer, type Counts, numbersFrom, openCaller, type Send, slopeOf } from "./soak-model.ts"
import type { Asked, Sample, Told } from "./soak-stack.ts"

/**
 * `npm run test:soak`: the local stack under a steady rate of requests, for `--minutes` (30), at `--rate` a second (20). Every answer
 * is the one that a model of each token expects, and the process that serves grows neither in its heap nor in its descriptors.
 * What grows by design is on disk: the table's audit events, the log files, the events that were sent.
 */
const options = { minutes: { type: "string", default: "30" }, rate: { type: "string", default: "20" } } as const
const { minutes: minutesText, rate: rateText } = parseArgs({ options }).values
const [minutes, rate] = [Number(minutesText), Number(rateText)]
if (!(minutes >= 2 && rate >= 1)) throw new Error("--minutes is from 2 on, --rate from 1 on")

const root = join(import.meta.dirname, "../..")
/** From then on it is measured: until then everything has been loaded and compiled. A fifth of a run that is short. */
const warmUp = Math.min(5, minutes / 5)
const callers = 8
const gates = { wrong: 0, heapSlope: 1, descriptors: 2, rate: 0.9 }
const megabyte = 1024 * 1024

const directory = mkdtempSync(join(tmpdir(), "symbolon-soak-"))
process.once("exit", () => rmSync(directory, { recursive: true, force: true }))
console.log("symbolon: building the Lambdas, synthesizing the stacks")
await buildFunctions()
const assembly = join(directory, "cdk.out")
synthesize("local", assembly)
const data = join(directory, "data")
const child = fork(join(import.meta.dirname, "soak-stack.ts"), [assembly, data], { execArgv: ["--expose-gc"] })
let ended: string | undefined
child.once("exit", (code, signal) => {
  ended = `the stack ended: ${signal ?? code}`
})
// It stops what it has started when the channel closes, so also with this process.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => (ended ??= signal))

/** The child's next message. Rejects when it ends instead. */
async function told(asked?: Asked): Promise<Told> {
  if (ended) throw new Error(ended)
  const done = new AbortController()
  const { signal } = done
  const next = Promise.race([
    once(child, "message", { signal }).then(([message]) => message as Told),
    once(child, "exit", { signal }).then(() => Promise.reject(new Error("the stack ended"))),
  ])
  if (asked) child.send(asked)
  return next.finally(() => done.abort())
}

const first = await told()
if (!("ready" in first)) throw new Error("the stack did not start")
const { url, adminToken } = first.ready
const counts: Counts = {
  ...{ requests: 0, created: 0, used: 0, revoked: 0, restored: 0, deleted: 0, wrong: 0 },
  wrongs: [],
}
const started = Date.now()
/** Seconds that this machine didn't let anything run: of a laptop that was closed, say. Answers of that time may be 503. */
let stalled = 0
/** Of the run, without those. */
const minutesSince = () => (Date.now() - started - stalled * 1000) / 60_000
const over = () => ended !== undefined || minutesSince() >= minutes

/** One request after the other has its time, and none is made up for: the rate stays steady after a pause. */
let next = started
const send: Send = async (method, path, token = adminToken, body): Promise<Answer> => {
  next = Math.max(next + 1000 / rate, Date.now())
  await sleep(next - Date.now())
  counts.requests += 1
  try {
    const response = await fetch(url + path, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, json: text.startsWith("{") ? JSON.parse(text) : undefined }
  } catch {
    return { status: 0, json: undefined }
  }
}

const samples: (Sample & { minute: number })[] = []
const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, entry) => sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
const bytesAtStart = bytesIn(data)

async function call(seed: number): Promise<void> {
  const act = await openCaller(send, counts, numbersFrom(seed), "Member")
  while (!over()) await act()
}

async function watch(): Promise<void> {
  let last = Date.now()
  const stalls = setInterval(() => {
    const late = (Date.now() - last) / 1000 - 1
    if (late > 2) stalled += late
    last = Date.now()
  }, 1000)
  try {
    await everyMinute()
  } finally {
    clearInterval(stalls)
  }
}

async function everyMinute(): Promise<void> {
  for (let minute = 1; ended === undefined && minute <= minutes; minute++) {
    while (ended === undefined && minutesSince() < minute)
      await sleep(Math.min(1000, minute * 60_000 - minutesSince() * 60_000 + 1))
    const answer = await told("sample")
    if (!("sample" in answer)) throw new Error("failed" in answer ? answer.failed : "the stack gave no sample")
    samples.push({ minute: minutesSince(), ...answer.sample })
    const { heapUsed, lambdaHeapUsed, rss, descriptors, workers } = answer.sample
    const [heap, lambdas, all] = [heapUsed, lambdaHeapUsed, rss].map((bytes) => (bytes / megabyte).toFixed(2))
    console.log(
      `minute ${minute}: ${counts.requests} requests, ${counts.wrong} wrong; heap ${heap} MB, ` +
        `${workers} Lambdas ${lambdas} MB, RSS ${all} MB, ${descriptors} descriptors`,
    )
    write(result(undefined))
  }
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

function result(integrity: unknown) {
  const measured = samples.filter(({ minute }) => minute > warmUp)
  const perHour = (of: (sample: Sample) => number) =>
    slopeOf(measured.map((sample) => [sample.minute / 60, of(sample) / megabyte]))
  const third = Math.ceil(measured.length / 3)
  const descriptors = measured.map((sample) => sample.descriptors)
  return {
    minutes: minutesSince(),
    warmUpMinutes: warmUp,
    wantedRate: rate,
    stalledSeconds: stalled,
    rate: counts.requests / (minutesSince() * 60),
    ...counts,
    heapSlopeMBPerHour: perHour(({ heapUsed }) => heapUsed),
    lambdaHeapSlopeMBPerHour: perHour(({ lambdaHeapUsed }) => lambdaHeapUsed),
    rssSlopeMBPerHour: perHour(({ rss }) => rss),
    // Connections come and go, and pools find their size in the first third: the middle of the last one, against that of the second.
    descriptorGrowth: median(descriptors.slice(-third)) - median(descriptors.slice(third, -third)),
    byDesign: { what: "audit events in the table, log files, events.jsonl", bytes: bytesIn(data) - bytesAtStart },
    integrity,
    samples,
  }
}
function write(what: object): void {
  mkdirSync(join(root, "reports"), { recursive: true })
  writeFileSync(join(root, "reports/soak.json"), `${JSON.stringify(what, null, 2)}\n`)
}

try {
  await Promise.all([watch(), ...Array.from({ length: callers }, (_, n) => call(n + 1))])
  const integrity = await told("check-integrity")
  const final = result("integrity" in integrity ? integrity.integrity : integrity)
  write(final)
  const failures = [
    ...(ended ? [ended] : []),
    ...(final.wrong > gates.wrong ? [`${final.wrong} wrong answers: ${JSON.stringify(final.wrongs, null, 2)}`] : []),
    // Of less than ten minutes the line says nothing: what a run has just begun is most of it.
    ...(minutes >= 10 && !(final.heapSlopeMBPerHour < gates.heapSlope) ? ["the heap grows"] : []),
    ...(final.descriptorGrowth > gates.descriptors ? ["the descriptors grow"] : []),
    ...(final.rate < rate * gates.rate
      ? [`only ${final.rate.toFixed(1)} requests a second: this machine is too slow`]
      : []),
    ...("failed" in integrity ? [`check-integrity failed: ${integrity.failed}`] : []),
  ]
  const cells = [
    `${minutes} min`,
    `${final.rate.toFixed(1)}/s`,
    final.requests,
    `${final.created}/${final.used}/${final.revoked}/${final.restored}/${final.deleted}`,
    final.wrong,
    `${final.heapSlopeMBPerHour.toFixed(2)} MB/h`,
    `${final.rssSlopeMBPerHour.toFixed(1)} MB/h`,
    final.descriptorGrowth,
    `${(final.byDesign.bytes / megabyte).toFixed(1)} MB`,
  ]
  console.log(`
| soak | rate | requests | created/used/revoked/restored/deleted | wrong | heap slope | RSS slope | descriptors | on disk, by design |
|---|---|---|---|---|---|---|---|---|
| ${cells.join(" | ")} |
`)
  if (stalled > 0) console.log(`symbolon: this machine stood still for ${stalled.toFixed(0)} s of it`)
  for (const failure of failures) console.error(`symbolon: ${failure}`)
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  if (child.exitCode === null && child.signalCode === null) {
    child.send("stop" satisfies Asked)
    await once(child, "exit")
  }
}
