import { setTimeout as sleep } from "node:timers/promises"
import { measured } from "../contract/metrics.ts"
import type { Runtime } from "../runtime.ts"
import { encodeId } from "../token/format.ts"
import { Conflict } from "./dynamodb.ts"
import { inGroups } from "./groups.ts"
import { type Finding, kinds, type Look, lookAtAccounts, lookAtTokens } from "./integrity-findings.ts"
import { indexSource } from "./pages.ts"
import { dayMilliseconds } from "./settings.ts"
import { absent, put, where } from "./steps.ts"
import {
  type AccountItem,
  type AuditItem,
  accountList,
  administratorsKey,
  auditKey,
  expiryPartitions,
  type IndexName,
  type IntegrityItem,
  jobKey,
  type Key,
  purgeList,
} from "./table.ts"

/** A partition of an index, in which rows are found. */
interface Source {
  index: IndexName
  partition: string
  rows: "tokens" | "accounts"
  look: (runtime: Runtime, keys: readonly Key[]) => Promise<Look>
}

/** Every token, then every account. Those being deleted come last: what moves there meanwhile isn't missed. */
const sources: readonly Source[] = [
  ...expiryPartitions().map(
    (partition): Source => ({ index: "expiry", partition, rows: "tokens", look: lookAtTokens }),
  ),
  ...[accountList("Service"), accountList("User"), purgeList].map(
    (partition): Source => ({ index: "list", partition, rows: "accounts", look: lookAtAccounts }),
  ),
]

/** Lambda's own repeats come within the hour, the next run in a week. What is older says little of the table as it is now. */
const longestCheck = 10 * dayMilliseconds
const keysAtOnce = 100

/**
 * The weekly check that rows which belong together agree: tokens, accounts, guards and counts. It reports what doesn't, and
 * mends nothing: which of two rows is wrong, people know.
 *
 * It reads a token's row and its name guard, then the row once more from its account's side: three read units a token, one an
 * account and page. So ten million tokens cost 40 million units at the most, $5. Without a Scan, which no function is granted, it
 * doesn't find sessions, nor an identity's guard whose account is gone. A token that moves in the index while it is being read,
 * to a later expiry, may be missed until next week.
 *
 * Begins a check, or goes on with one that was stopped, anywhere. A finding may be logged once more by who goes on, but is
 * counted once. Of two runs at once the first that loses a write leaves the rest to the other, and answers what it knows.
 */
export async function checkIntegrity(runtime: Runtime) {
  let position = await begin(runtime)
  try {
    while (position.source < sources.length) position = await save(runtime, await checkPage(runtime, position))
    position = counted(position, report(runtime, await lookAtAdministrators(runtime)))
    // Before it says finished: who is stopped in between reports again, rather than never.
    reportCheck(runtime, position)
    await save(runtime, { ...position, finishedAt: runtime.now() })
  } catch (error) {
    if (!(error instanceof Conflict)) throw error
    runtime.log({ event: "integrity.overtaken", startedAt: position.startedAt })
  }
  return { tokens: position.tokens, accounts: position.accounts, findings: totalOf(position) }
}

async function begin(runtime: Runtime): Promise<IntegrityItem> {
  const now = runtime.now()
  const last = await runtime.table.get<IntegrityItem>(jobKey("integrity"))
  if (last && last.finishedAt === undefined && now - last.startedAt < longestCheck) return last
  return {
    ...jobKey("integrity"),
    version: last?.version ?? 0,
    startedAt: now,
    source: 0,
    tokens: 0,
    accounts: 0,
    findings: Object.fromEntries(kinds.map((kind) => [kind, 0])),
  }
}

/** Throws Conflict when another run has written since. */
async function save(runtime: Runtime, position: IntegrityItem): Promise<IntegrityItem> {
  const { version } = position
  const next = { ...position, version: version + 1 }
  const condition = version === 0 ? absent : where("#version = :version", { version })
  await runtime.table.transact([put(next, condition, () => new Conflict("another run is further on"))])
  return next
}

async function checkPage(runtime: Runtime, position: IntegrityItem): Promise<IntegrityItem> {
  const { index, partition, rows, look } = sources[position.source] as Source
  const { after, ...rest } = position
  const keys = await indexSource(runtime, index, partition)(after, keysAtOnce)
  const { seen, findings } = await look(runtime, keys)
  const sure = report(runtime, await secondLook(runtime, look, findings))
  const next = { ...counted(rest, sure), [rows]: position[rows] + seen }
  const last = keys.length < keysAtOnce ? undefined : keys.at(-1)
  return last ? { ...next, after: last.at } : { ...next, source: position.source + 1 }
}

function report(runtime: Runtime, findings: readonly Finding[]): readonly Finding[] {
  for (const finding of findings) runtime.log({ event: "integrity.finding", ...finding })
  return findings
}

function counted<T extends Pick<IntegrityItem, "findings">>(position: T, more: readonly Finding[]): T {
  const findings = { ...position.findings }
  for (const { kind } of more) findings[kind] = (findings[kind] ?? 0) + 1
  return { ...position, findings }
}

const totalOf = ({ findings }: IntegrityItem): number => Object.values(findings).reduce((sum, count) => sum + count, 0)

/** Of none, too: silence says that no check has ended. */
function reportCheck(runtime: Runtime, position: IntegrityItem): void {
  const { startedAt, tokens, accounts, findings } = position
  runtime.log({
    event: "integrity.checked",
    ...{ startedAt, tokens, accounts, findings },
    ...measured("Count", { IntegrityFindings: totalOf(position) }, runtime.stage.name, runtime.now()),
  })
}

/** Longer than a transaction takes to show all of its writes: to other readers they come one by one, within milliseconds. */
const settleMilliseconds = 100
const looks = 3

/**
 * What was read one row after the other may never have been so at one time. It counts when it is there again while the account's
 * trail stands still: every change leaves its event there, in its own transaction. Comparing the rows before and after
 * wouldn't do, since a token that is made and deleted in between leaves the account as it was. An account that changes
 * all the time is left for next week.
 */
async function secondLook(runtime: Runtime, look: Source["look"], first: readonly Finding[]): Promise<Finding[]> {
  const sure: Finding[] = []
  let open = first
  for (let n = 0; n < looks && open.length > 0; n++) {
    const before = await trailsOf(runtime, open)
    await sleep(settleMilliseconds)
    const { findings } = await look(runtime, open)
    await sleep(settleMilliseconds)
    const after = await trailsOf(runtime, open)
    const stoodStill = ({ accountId }: Finding) => before.get(accountId) === after.get(accountId)
    sure.push(...findings.filter(stoodStill))
    open = findings.filter((finding) => !stoodStill(finding))
  }
  for (const { kind, PK, SK } of open) runtime.log({ event: "integrity.unsettled", kind, PK, SK })
  return sure
}

/** More than clocks that differ can bring into disorder. */
const newestEvents = 25

/** The newest events of each account, by their ids. Nobody changes or deletes one. */
async function trailsOf(runtime: Runtime, findings: readonly Finding[]): Promise<Map<number | undefined, string>> {
  const ids = [...new Set(findings.map(({ accountId = 0 }) => accountId))]
  const trails = await inGroups(ids, async (id) => {
    const partition = auditKey(`ACC${encodeId(id)}`, "").PK
    const newest = { partition, least: "0", most: "~", limit: newestEvents }
    const events = await runtime.table.queryDown<AuditItem>(newest)
    return [id, events.map((event) => event.id).join()] as const
  })
  return new Map(trails)
}

/** Longer than the index lags behind the rows: a human who was just made an administrator must be in it. */
const indexSettleMilliseconds = 1000

/**
 * The count of administrators changes with accounts all over the list, so it has no trail of its own. A difference counts when all
 * humans are the same before and after the count is read: their versions only grow.
 */
async function lookAtAdministrators(runtime: Runtime): Promise<Finding[]> {
  let before = await readHumans(runtime)
  for (let n = 0; n < looks; n++) {
    await sleep(settleMilliseconds)
    const counted = (await runtime.table.get<{ count: number }>(administratorsKey))?.count ?? 0
    if (counted === before.administrators) return []
    await sleep(indexSettleMilliseconds)
    const after = await readHumans(runtime)
    const { administrators: found, state } = after
    if (state === before.state) return [{ kind: "administrator-count", ...administratorsKey, counted, found }]
    before = after
  }
  runtime.log({ event: "integrity.unsettled", kind: "administrator-count", ...administratorsKey })
  return []
}

/** How many active administrators there are, and what is another text when any human has changed. */
async function readHumans(runtime: Runtime): Promise<{ administrators: number; state: string }> {
  const humans = indexSource(runtime, "list", accountList("User"))
  let [all, versions, administrators] = [0, 0, 0]
  for (let after: string | undefined; ; ) {
    const keys = await humans(after, keysAtOnce)
    for (const { role, state, version } of await runtime.table.batchGet<AccountItem>(keys)) {
      all += 1
      versions += version
      if (role === "Admin" && state === "ACTIVE") administrators += 1
    }
    if (keys.length < keysAtOnce) return { administrators, state: `${all} ${versions} ${administrators}` }
    after = keys.at(-1)?.at
  }
}
