import type { Runtime } from "../runtime.ts"
import { tokenIdIn } from "../token/format.ts"
import { statusOf } from "../token/verdict.ts"
import { settledMilliseconds } from "./audit.ts"
import { eventsBetween } from "./audit-log.ts"
import { digestText, type Notice, summaryText } from "./digest-text.ts"
import { Conflict } from "./dynamodb.ts"
import { instantOrNull } from "./instants.ts"
import { dayMilliseconds, readSettings, type Settings } from "./settings.ts"
import { flagsOf } from "./shown-token.ts"
import { absent, put, where } from "./steps.ts"
import { type AccountItem, type AuditItem, accountKey, jobKey, type Key, type TokenItem, tokenKey } from "./table.ts"

interface Outlets {
  /** Undefined on a stage without an address to mail from. Rejects with `Unmailable` for an address that will never do. */
  mail: ((to: string, subject: string, text: string) => Promise<void>) | undefined
  /** The alarm address. */
  tell: (subject: string, text: string) => Promise<void>
}

/** A mail that SES won't send, however often it is asked. */
export class Unmailable extends Error {
  override name = "Unmailable"
}

/** How far the digests have got. A run that was stopped is resumed by the next one, at the address that it had come to. */
interface Progress extends Key {
  /** What happened before this instant has been sent. */
  until: number
  /** The end of what is being sent, by the run that may take until `leasedUntil`. */
  to?: number
  leasedUntil?: number
  /** The last address that was mailed. */
  after?: string
  /** Addresses that SES refused: what they should know is the alarm address's. */
  unmailed?: string[]
  version: number
}

const key = jobKey("digests")
/** That of the Lambda, with a minute for its clock. */
const leaseMilliseconds = 16 * 60_000

/**
 * Sends what happened since the last digest and still is so: to each account's address what is about its tokens, to the alarm address a
 * summary; or all of it, on a stage that can't mail. Each at least once: a run that ends between a mail and its note sends that one
 * again. Of two runs at once, one does it.
 */
export async function sendDigests(runtime: Runtime, outlets: Outlets): Promise<{ mailed: number; notices: number }> {
  let progress = await take(runtime)
  if (!progress) return { mailed: 0, notices: 0 }
  const keep = async (changes: Partial<Progress>) => {
    progress = await note(runtime, progress as Progress, changes)
  }
  try {
    const { until, to = until } = progress
    const notices = await noticesBetween(runtime, until, to)
    const mailed = outlets.mail ? await mailAll(runtime, outlets.mail, notices, progress, keep) : 0
    const left = outlets.mail ? notices.filter(({ email }) => progress?.unmailed?.includes(email)) : notices
    const stage = runtime.stage.name
    if (notices.length > 0) await outlets.tell(...summaryText(stage, until, notices.length, mailed, left))
    await keep({ until: to, to: undefined, leasedUntil: undefined, after: undefined, unmailed: undefined })
    return { mailed, notices: notices.length }
  } catch (error) {
    // So that the repetition, a minute later, need not wait for the lease.
    await keep({ leasedUntil: undefined }).catch(() => {})
    throw error
  }
}

/** Undefined when another run is at it, or there is nothing yet to send. */
async function take(runtime: Runtime): Promise<Progress | undefined> {
  const now = runtime.now()
  const row = await runtime.table.get<Progress>(key)
  if (row?.leasedUntil !== undefined && row.leasedUntil > now) return undefined
  const known = row ?? { ...key, until: now - settledMilliseconds - dayMilliseconds, version: 0 }
  const to = known.to ?? now - settledMilliseconds
  if (to <= known.until) return undefined
  try {
    return await note(runtime, known, { to, leasedUntil: now + leaseMilliseconds })
  } catch (error) {
    if (error instanceof Conflict) return undefined
    throw error
  }
}

async function note(runtime: Runtime, from: Progress, changes: Partial<Progress>): Promise<Progress> {
  const next = { ...from, ...changes, version: from.version + 1 }
  const condition = from.version === 0 ? absent : where("#version = :version", { version: from.version })
  await runtime.table.transact([put(next, condition, () => new Conflict("another run is at it"))])
  return next
}

/** One mail for each address, in their order. */
async function mailAll(
  runtime: Runtime,
  mail: NonNullable<Outlets["mail"]>,
  notices: readonly Notice[],
  { after = "", unmailed: known = [] }: Progress,
  keep: (changes: Partial<Progress>) => Promise<void>,
): Promise<number> {
  const unmailed = [...known]
  const byAddress = [...Map.groupBy(notices, ({ email }) => email)].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [email, own] of byAddress.filter(([email]) => email > after)) {
    try {
      await mail(email, ...digestText(runtime.stage.name, own))
      await keep({ after: email })
    } catch (error) {
      if (!(error instanceof Unmailable)) throw error
      runtime.log({ event: "mail.refused", why: error.message })
      unmailed.push(email)
      await keep({ after: email, unmailed })
    }
  }
  return byAddress.length - unmailed.length
}

/** As much of an event as a notice needs: a day can have very many. */
type Told = Pick<Notice, "kind"> & { accountId: number; handle: string | undefined; expiration: unknown }

/** What happened to tokens, as far as it is still so; the same of one token once. */
async function noticesBetween(runtime: Runtime, from: number, to: number): Promise<Notice[]> {
  const events: Told[] = []
  for await (const page of eventsBetween(runtime, from, to)) events.push(...page.flatMap(told))
  const owners = await runtime.table.batchGet<AccountItem>(events.map(({ accountId }) => accountKey(accountId)))
  const accounts = new Map(owners.map((account) => [account.id, account]))
  const handles = events.flatMap(({ handle }) => handle ?? [])
  const rows = await runtime.table.batchGet<TokenItem>(handles.map((handle) => tokenKey(tokenIdIn(handle))))
  const tokens = new Map(rows.map((token) => [token.id, token]))
  const settings = await readSettings(runtime)
  const notices = new Map<string, Notice>()
  for (const event of events) {
    const { kind, accountId, handle } = event
    const account = accounts.get(accountId)
    const token = handle ? tokens.get(tokenIdIn(handle)) : undefined
    // Whoever deleted the token, or its account, has dealt with it.
    if (!account || (handle && !token)) continue
    if (token && !isStillSo(event, token, account, runtime.now(), settings)) continue
    const email = account.email ?? runtime.stage.serviceEmail
    notices.set(`${kind} ${handle ?? accountId}`, { kind, email, account, token })
  }
  return [...notices.values()]
}

function isStillSo(
  { kind, expiration }: Told,
  token: TokenItem,
  account: AccountItem,
  now: number,
  settings: Settings,
) {
  if (kind === "compromised") return true
  if (kind === "unused") return flagsOf(token, account, now, settings).includes("unused")
  // Also when it has expired since: that is what was to be told.
  return statusOf(token, account, now) !== "revoked" && instantOrNull(token.expiresAt) === expiration
}

function told({ action, subject, after }: AuditItem): Told[] {
  const kind = kindOf({ action, after })
  return kind ? [{ kind, accountId: subject.id, handle: subject.handle, expiration: after.expiration }] : []
}

function kindOf({ action, after }: Pick<AuditItem, "action" | "after">): Notice["kind"] | undefined {
  if (action === "token.unused") return "unused"
  if (action === "token.expiring") return "expiring"
  return after.compromised === true ? "compromised" : undefined
}
