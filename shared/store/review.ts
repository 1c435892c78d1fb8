import { createHash } from "node:crypto"
import type { Body } from "../contract/endpoints.ts"
import { Problem } from "../contract/problems.ts"
import type { AccessReview, SignedReview } from "../contract/review.ts"
import type { Runtime } from "../runtime.ts"
import { tokensOf } from "./accounts.ts"
import { type Actor, added, eventOf } from "./audit.ts"
import { openCursor, type Position, sealCursor } from "./cursor.ts"
import { inGroups } from "./groups.ts"
import { instantOf } from "./instants.ts"
import { indexSource, type PageRequest, pagesOf, readOn, rowId } from "./pages.ts"
import { accountChecks, orphanedTokens, tokenChecks } from "./review-checks.ts"
import { dayMilliseconds, readSettings, type Settings } from "./settings.ts"
import { showEvent } from "./shown-event.ts"
import { showToken } from "./shown-token.ts"
import { type AccountItem, accountList, type IntegrityItem, jobKey, type Key, type TokenItem } from "./table.ts"
import { teamNames } from "./teams.ts"
import { present } from "./users.ts"

/**
 * The access review: every service account with all of its tokens, page by page, each with what the checklist asks of it. Its
 * hash, which is signed off, stands for which accounts and tokens there are, and in which version each: a change of any makes
 * another one, a use makes none. It doesn't stand for what the checks answer, which the days and the settings change as well.
 */

interface Reviewed {
  account: AccountItem
  /** By id. */
  tokens: TokenItem[]
}

/** A page of fifty accounts has this many tokens at most, and one account alone up to a thousand: Lambda answers 6 MB. */
const mostTokens = 500

/** A page, newest first; one that would be too large has fewer accounts than asked for. Only the last page has the hash. */
export async function readReview(runtime: Runtime, request: PageRequest): Promise<AccessReview> {
  const now = runtime.now()
  const from = await openCursor(runtime, request.cursor, request.binding)
  const { rows, next } = await readOn(from, request.limit, [source(runtime)], (keys) => accountsOf(runtime, keys))
  const accounts = rows.slice(0, fitting(rows))
  const rest = accounts.length < rows.length ? positionOf(accounts.at(-1) as AccountItem) : next
  const reviewed = await withTokens(runtime, accounts)
  const digest = reviewed.reduce(chained, from.digest ?? emptyDigest)
  return {
    reviewed_at: instantOf(now),
    checks: [orphanedTokens(await runtime.table.get<IntegrityItem>(jobKey("integrity")), now)],
    items: await show(runtime, reviewed, now),
    hash: rest ? null : digest,
    next_cursor: rest && (await sealCursor(runtime, { ...rest, digest }, request.binding)),
  }
}

/**
 * Signs off the review with this hash, into the audit trail: who, when, and over how much. Throws review-stale when it isn't the
 * hash of what there is now. It reads everything again, at a read unit for each account, for each list of an account's tokens, and
 * for each token: 1,000 accounts with five tokens each cost 7,000 units, less than a tenth of a cent.
 * What changes between these reads and the event is not what was signed; the hash tells, and so does the trail.
 */
export async function signReview(
  runtime: Runtime,
  actor: Actor,
  { hash, reason }: Body<"access-review/sign">,
): Promise<SignedReview> {
  const found = await digestOfAll(runtime)
  if (found.hash !== hash) throw new Problem("review-stale")
  const event = eventOf(runtime, actor, { action: "review.signed", review: true, reason, before: {}, after: found })
  await runtime.table.transact([added(event)])
  const { id, at, actor: signed_by } = showEvent(event)
  return { id, at, ...found, signed_by }
}

async function digestOfAll(runtime: Runtime): Promise<{ hash: string; accounts: number; tokens: number }> {
  let [hash, accounts, tokens] = [emptyDigest, 0, 0]
  for await (const keys of pagesOf(source(runtime))) {
    const found = await accountsOf(runtime, keys)
    const inOrder = keys.flatMap((key) => found.get(rowId(key)) ?? [])
    const reviewed = await withTokens(runtime, inOrder)
    hash = reviewed.reduce(chained, hash)
    accounts += reviewed.length
    tokens += reviewed.reduce((sum, one) => sum + one.tokens.length, 0)
  }
  return { hash, accounts, tokens }
}

const emptyDigest = createHash("sha256").digest("hex")

/**
 * The digest of one account more, in the list's order, so that pages of any size lead to the same. A revocation of all tokens at
 * once changes the epoch, and no version.
 */
function chained(digest: string, { account, tokens }: Reviewed): string {
  const lines = [
    digest,
    `account ${account.id} ${account.version} ${account.epoch}`,
    ...tokens.map(({ id, version }) => `token ${id} ${version}`),
  ]
  return createHash("sha256").update(lines.join("\n")).digest("hex")
}

const source = (runtime: Runtime) => indexSource(runtime, "list", accountList("Service"))

const positionOf = ({ listSK }: AccountItem): Position => ({ source: 0, after: listSK })

/** Without those that are being deleted: they are refused already, and go with their tokens. */
async function accountsOf(runtime: Runtime, keys: readonly Key[]): Promise<Map<string, AccountItem>> {
  const accounts = await runtime.table.batchGet<AccountItem>(keys)
  return new Map(accounts.filter(({ state }) => state !== "DELETING").map((account) => [rowId(account), account]))
}

/** How many of these accounts are a page: at least one. */
function fitting(accounts: readonly AccountItem[]): number {
  let tokens = 0
  const tooMany = accounts.findIndex((account, at) => {
    tokens += account.tokens
    return at > 0 && tokens > mostTokens
  })
  return tooMany < 0 ? accounts.length : tooMany
}

const withTokens = (runtime: Runtime, accounts: readonly AccountItem[]): Promise<Reviewed[]> =>
  inGroups(accounts, async (account) => {
    const tokens = await tokensOf(runtime, account.id)
    return { account, tokens: tokens.sort((one, other) => one.id - other.id) }
  })

async function show(runtime: Runtime, reviewed: readonly Reviewed[], now: number): Promise<AccessReview["items"]> {
  const settings = await readSettings(runtime)
  const names = await teamNames(
    runtime,
    reviewed.map(({ account }) => account),
  )
  return reviewed.map(({ account, tokens }) => {
    const user = present(runtime, account, names)
    const gone = account.teams.filter((key) => !names.has(key))
    return {
      user,
      checks: accountChecks(user, gone, isUnused(account, now, settings)),
      tokens: tokens.map((row) => {
        const token = showToken(row, account, now, settings)
        return { token, checks: tokenChecks(token) }
      }),
    }
  })
}

const isUnused = ({ lastUsed, createdAt }: AccountItem, now: number, { unusedDays }: Settings): boolean =>
  now - (lastUsed ?? createdAt) >= unusedDays * dayMilliseconds
