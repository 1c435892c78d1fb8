import { spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, openSync, writeSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { authorizer } from "../../functions/authorize.ts"
import { awsRequest } from "../../functions/aws-request.ts"
import { secretCache } from "../../shared/secret-cache.ts"
import { testKeyring } from "../fakes.ts"
import { bundleSubject, ourBundle } from "./bundles.ts"
import { endWithUs, type Lab } from "./lab.ts"
import { inBlocks, median, type Operation, ratioOf, rounded, valuesOf } from "./measure.ts"
import type { Scenario } from "./scenario.ts"

const none = "no record at all"
const line = "**Symbolon: a line in the log**"
const awaited = "an UpdateItem, awaited"
const invocations = 60

export const lastUsed: Scenario = {
  id: "B8",
  title: "what last_used costs the request, and what a freeze loses",
  about:
    "The authorizer over HTTP to the engine, with its line, without, and with an awaited update in its place: microseconds a verification, medians. Then the deployed bundle " +
    `is stopped (SIGSTOP) at each of ${invocations} answers for 50 ms, as Lambda freezes an environment, and killed at the last; beside it an update that nobody awaits.`,
  run: async ({ lab: open, rounds }) => {
    const lab = await open()
    const log = openSync("/dev/null", "w")
    const samples = await inBlocks(waysOf(lab, log), rounds(25))
    closeSync(log)
    const of = (name: string, key: string) => median(valuesOf(samples.get(name) ?? [], key))
    const lines = await frozen(lab, ourBundle("authorizer"), "lines")
    const updates = await frozen(lab, await bundleSubject("unawaited-update", "esm"), "updates")
    return {
      tables: [
        {
          rows: [none, line, awaited].map((way) => ({
            way,
            wall: rounded(of(way, "wall")),
            cpu: rounded(of(way, "cpu")),
            "wall, × none": rounded(of(way, "wall") / of(none, "wall")),
          })),
        },
        {
          rows: [
            { way: line, invocations, ...lines },
            { way: "an UpdateItem, not awaited", invocations, ...updates },
          ],
        },
      ],
      figures: [
        { what: "wall, with the line / without", value: ratioOf(samples, line, none, "wall"), gate: 1.3, aim: 1.1 },
        { what: "records lost under the freeze", value: lines.lost, gate: 0 },
        { what: "records late under the freeze", value: lines.late, gate: 0 },
      ],
    }
  },
}

function waysOf({ table, environment, bearerToken }: Lab, log: number): Operation[] {
  process.env.BEARER_TOKEN = bearerToken
  const { event } = createRequire(import.meta.url)("./processes/event.cjs") as {
    event: APIGatewayRequestAuthorizerEvent
  }
  const dynamodb = awsRequest("dynamodb", environment(true))
  const secrets = secretCache(async () => ({ keyring: testKeyring(), edge: "edge" }), Date.now)
  const ports = { now: Date.now, tableName: table.name, stage: "bench", dynamodb, secrets }
  const verified = async (handler: ReturnType<typeof authorizer>) => {
    const { policyDocument } = await handler(event)
    if ((policyDocument.Statement[0] as { Effect: string }).Effect !== "Allow") throw new Error("refused")
  }
  const silent = authorizer({ ...ports, write: () => {} })
  const writing = authorizer({ ...ports, write: (entry) => void writeSync(log, `${JSON.stringify(entry)}\n`) })
  const update = () =>
    dynamodb("UpdateItem", {
      TableName: table.name,
      Key: { PK: { S: "USES" }, SK: { S: "awaited" } },
      UpdateExpression: "SET lastUsed = :now",
      ExpressionAttributeValues: { ":now": { N: String(Date.now()) } },
    })
  return [
    { name: none, once: () => verified(silent) },
    { name: line, once: () => verified(writing) },
    { name: awaited, once: () => verified(silent).then(update) },
  ]
}

/** How many records had left when their environment was frozen, came only after the next thaw, or never. */
async function frozen(lab: Lab, subject: string, kind: "lines" | "updates") {
  await lab.table.put({ PK: "USES", SK: "U", uses: 0 })
  const child = spawn(process.execPath, [join(import.meta.dirname, "processes/freeze.mjs")], {
    env: { ...lab.environment(), SUBJECT: subject },
    stdio: ["pipe", "pipe", "inherit", "pipe"],
  })
  endWithUs(child)
  let logged = 0
  createInterface(child.stdout as NodeJS.ReadableStream).on("line", () => {
    logged++
  })
  const recorded = async () =>
    kind === "lines" ? logged : Number((await lab.table.table.get<{ uses: number }>({ PK: "USES", SK: "U" }))?.uses)
  const answers = createInterface(child.stdio[3] as NodeJS.ReadableStream)
  const answered = () => once(answers, "line")
  await answered()
  let late = 0
  for (let n = 1; n <= invocations; n++) {
    const answer = answered()
    child.kill("SIGCONT")
    child.stdin?.write("\n")
    await answer
    child.kill("SIGSTOP")
    await sleep(50)
    if ((await recorded()) < n) late++
  }
  const ended = once(child, "close")
  child.kill("SIGKILL")
  await ended
  return { late, lost: invocations - (await recorded()) }
}
