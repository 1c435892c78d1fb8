import { createHash } from "node:crypto"
import { parseArgs } from "node:util"
import { gapsIn } from "../../shared/store/archive.ts"
import { settledMilliseconds } from "../../shared/store/audit.ts"
import { type Replayed, replay, revokeEverything } from "../../shared/store/replay.ts"
import { shardNames } from "../../shared/store/table.ts"
import { names } from "../names.ts"
import { tableNameOf } from "../stage.ts"
import { Refusal, run, say } from "./command.ts"
import { readArchiveSince, undoneIn } from "./read-archive.ts"
import { checkRestored, makeReady } from "./restored-table.ts"
import { configure, openSession, stageFrom } from "./session.ts"
import { storeOn } from "./store.ts"

const usage =
  "npm run replay -- --stage prod --table <restored table> --since <instant of the restore> --until <end of traffic>"

/**
 * `npm run replay`: gives a restored table what the audit archive says that happened since, before any traffic reaches it. It first
 * tells what it would do, and under which name; `--apply <name>` then does just that. docs/runbook.md has the whole drill.
 */
await run(async () => {
  const { values } = parseArgs({
    options: {
      ...{ stage: { type: "string" }, table: { type: "string" }, since: { type: "string" } },
      ...{ until: { type: "string" }, apply: { type: "string" }, profile: { type: "string" } },
    } as const,
  })
  const { stageName, stage } = stageFrom(values.stage, "replay")
  if (!values.table) throw new Refusal(`which table? ${usage}`)
  const [since, until] = [instantOf("since", values.since), instantOf("until", values.until)]
  if (since >= until) throw new Refusal("--since must be before --until, and neither in the future")
  if (values.table === tableNameOf(stageName, stage))
    throw new Refusal(
      `${values.table} is the table that ${stageName} uses: a replay is for a restored one, before traffic`,
    )
  configure(values.profile)
  const session = await openSession()
  await checkRestored(values.table)

  const bucket = names(stageName).auditBucket(session.account, session.region)
  const archive = await readArchiveSince(bucket, since)
  // Some of before, too: its transaction may have come after the restore's instant. What the table has in its trail is no work.
  const from = since - settledMilliseconds
  const gaps = [...gapsIn(archive, shardNames(), from, until), ...(await undoneIn(names(stageName)))]
  const events = archive.events.filter(({ at }) => at >= from)
  const { runtime } = storeOn(values.table)
  const actor = { accountId: 0, userId: session.arn, clientAddress: "", userAgent: "", requestId: "replay" }

  const planned = await replay(runtime, events, since, false)
  const accounts = gaps.length > 0 ? await revokeEverything(runtime, actor, false) : 0
  const plan = planOf(values.table, planned, accounts)
  for (const line of report(planned, gaps, accounts)) say(line)
  if (values.apply === undefined) {
    say(`nothing was written. To do it: ${usage.replace(/--stage.*/, process.argv.slice(2).join(" "))} --apply ${plan}`)
    return
  }
  if (values.apply !== plan)
    throw new Refusal(`this is plan ${plan}, not ${values.apply}: read it above, and apply it by its own name`)
  await replay(runtime, events, since, true)
  if (gaps.length > 0) await revokeEverything(runtime, actor, true)
  const streamArn = await makeReady(values.table)
  say(`done. Now let ${stageName} use it, in infra/stage.ts, and deploy:`)
  console.log(`restored: { tableName: "${values.table}", streamArn: "${streamArn}" },`)
})

function instantOf(name: string, text: string | undefined): number {
  const at = Date.parse(text ?? "")
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text ?? "") || Number.isNaN(at) || at > Date.now())
    throw new Refusal(`--${name} must be an instant of the past, such as 2026-11-24T08:00:00Z. ${usage}`)
  return at
}

/** A name for exactly these effects on this table: what was read is what is applied. */
function planOf(tableName: string, planned: readonly Replayed[], accounts: number): string {
  return createHash("sha256")
    .update(JSON.stringify([tableName, planned.map(({ event, effect }) => [event.PK, event.SK, effect]), accounts]))
    .digest("hex")
    .slice(0, 12)
}

function report(planned: readonly Replayed[], gaps: readonly string[], accounts: number): string[] {
  const [had, lost] = [planned.filter(({ inTrail }) => inTrail), planned.filter(({ inTrail }) => !inTrail)]
  const effects = lost.filter(({ effect }) => effect !== undefined)
  const others = lost.filter(({ effect }) => effect === undefined)
  const counts = Object.entries(Object.groupBy(others, ({ event }) => event.action))
  const line = ({ event, effect }: Replayed) => `  ${new Date(event.at).toISOString()} ${effect}`
  const most = 20
  return [
    `${lost.length} events are not in the table's trail, and go into it; ${effects.length} of them narrowed, and are done again:`,
    ...effects.map(line),
    ...(had.length > 0
      ? [
          `${had.length} events of the last minute before the restore's instant are in the trail, and may not be in the rows: done again too:`,
          ...had.map(line),
        ]
      : []),
    ...(counts.length > 0 ? ["what is left to people: it is in the trail, and has no effect on the table"] : []),
    ...counts.map(([action, found = []]) => `  ${found.length} × ${action}`),
    ...(gaps.length > 0
      ? [
          `the archive is not complete: all tokens of ${accounts} accounts are revoked`,
          ...gaps.slice(0, most).map((gap) => `  ${gap}`),
          ...(gaps.length > most ? [`  and ${gaps.length - most} gaps more`] : []),
        ]
      : []),
  ]
}
