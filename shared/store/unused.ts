import type { Runtime } from "../runtime.ts"
import { statusOf } from "../token/verdict.ts"
import { type OwnedToken, withAccounts } from "./accounts.ts"
import { type Actor, audit, type Happened } from "./audit.ts"
import { Conflict } from "./dynamodb.ts"
import { instantOrNull } from "./instants.ts"
import { indexSource, pagesOf } from "./pages.ts"
import { dayMilliseconds, readSettings, type Settings } from "./settings.ts"
import { handleOfToken } from "./shown-token.ts"
import { type Changes, type Condition, update, where } from "./steps.ts"
import {
  flaggedListing,
  flaggedPartitions,
  idleBound,
  idleListing,
  idlePartitions,
  type Key,
  mayBeIdleSince,
  type TokenItem,
  tokenKey,
} from "./table.ts"

/** What a sweep has done, by how many tokens. */
export interface Swept {
  flagged: number
  /** By the setting, since nobody used them after they were flagged. */
  revoked: number
  /** Out of the index: dead tokens, which nothing needs to watch any more. */
  dropped: number
}

/**
 * Flags every token that was not used for `unusedDays`, and revokes, where the settings say so, those that were not used for
 * `autoRevokeUnusedDays` after their flag. It reads the part of the index that is old enough, sixteen queries when there is nothing, and what it
 * has dealt with leaves that part: a run that was stopped is resumed by any other, and two at once do each thing once.
 */
export async function sweepUnusedTokens(runtime: Runtime, actor: Actor): Promise<Swept> {
  const swept: Swept = { flagged: 0, revoked: 0, dropped: 0 }
  const settings = await readSettings(runtime)
  const since = runtime.now() - settings.unusedDays * dayMilliseconds
  for (const partition of idlePartitions()) await sweep(runtime, actor, partition, since, swept)
  if (settings.autoRevokeUnused) {
    const flaggedSince = runtime.now() - settings.autoRevokeUnusedDays * dayMilliseconds
    for (const partition of flaggedPartitions()) await sweep(runtime, actor, partition, flaggedSince, swept)
  }
  runtime.log({ event: "sweep", ...swept })
  return swept
}

async function sweep(runtime: Runtime, actor: Actor, partition: string, since: number, swept: Swept): Promise<void> {
  for await (const keys of pagesOf(indexSource(runtime, "idle", partition), idleBound(since))) {
    const old = keys.filter(({ at }) => mayBeIdleSince(at, since))
    if (old.length > 0) await decideAll(runtime, actor, old, swept)
  }
}

/** The index is eventual, the rows are read strongly; and the settings anew, for whoever has turned the revocations off. */
async function decideAll(runtime: Runtime, actor: Actor, keys: readonly Key[], swept: Swept): Promise<void> {
  const settings = await readSettings(runtime)
  const owned = await withAccounts(runtime, await runtime.table.batchGet<TokenItem>(keys))
  await Promise.all(
    // Those that are being deleted are the purge's.
    owned.map(async (one) => {
      const decision = one.account.state === "DELETING" ? undefined : decide(one, settings, runtime.now())
      if (decision && (await carryOut(runtime, actor, one, decision)) && decision.counts) swept[decision.counts] += 1
    }),
  )
}

interface Decision {
  changes: Changes
  /** Absent: nothing that anybody has to know. */
  happened?: Happened & { reason?: string }
  counts?: keyof Swept
}

/** What becomes of a token that the index holds for old enough: nothing, when its row says otherwise. */
function decide({ token, account }: OwnedToken, settings: Settings, now: number): Decision | undefined {
  const status = statusOf(token, account, now)
  if (status === "revoked" || status === "expired")
    return { changes: { remove: ["idlePK", "idleSK", "flaggedAt"] }, counts: "dropped" }
  const usedAt = token.lastUsed ?? token.createdAt
  const isUnused = now - usedAt >= settings.unusedDays * dayMilliseconds
  if (token.flaggedAt === undefined) return isUnused ? flag(token, settings, now) : undefined
  // The settings have grown more patient since.
  if (!isUnused) return { changes: { set: idleListing(token.id, usedAt), remove: ["flaggedAt"] } }
  const isOver = now - token.flaggedAt >= settings.autoRevokeUnusedDays * dayMilliseconds
  return settings.autoRevokeUnused && isOver ? revoke(settings) : undefined
}

const flag = (token: TokenItem, { unusedDays }: Settings, now: number): Decision => ({
  changes: { set: { flaggedAt: now, ...flaggedListing(token.id, now) } },
  happened: {
    action: "token.unused",
    before: {},
    after: { last_used: instantOrNull(token.lastUsed), unused_days: unusedDays },
  },
  counts: "flagged",
})

const revoke = ({ autoRevokeUnusedDays }: Settings): Decision => ({
  changes: { set: { state: "REVOKED" }, remove: ["idlePK", "idleSK", "flaggedAt"], add: { version: 1 } },
  happened: {
    action: "token.revoked",
    before: { active: true },
    after: { active: false },
    reason: `not used for ${autoRevokeUnusedDays} days after it was flagged as unused`,
  },
  counts: "revoked",
})

/** On the condition that nobody has used, changed or flagged the token since it was read: whoever did wins. */
async function carryOut(
  runtime: Runtime,
  actor: Actor,
  { token, account }: OwnedToken,
  { changes, happened }: Decision,
): Promise<boolean> {
  const key = tokenKey(token.id)
  if (!happened) return runtime.table.update(key, changes, asRead(token))
  const lost = new Conflict("used or changed meanwhile")
  try {
    await runtime.table.transact([
      update(key, changes, asRead(token), () => lost),
      audit(runtime, actor, { ...happened, account, handle: handleOfToken(token) }),
    ])
    return true
  } catch (error) {
    if (error !== lost) throw error
    return false
  }
}

function asRead({ version, lastUsed, flaggedAt }: TokenItem): Condition {
  const same = (name: string, value: unknown) =>
    value === undefined ? `attribute_not_exists(#${name})` : `#${name} = :${name}`
  return where(`#version = :version AND ${same("lastUsed", lastUsed)} AND ${same("flaggedAt", flaggedAt)}`, {
    version,
    ...(lastUsed !== undefined && { lastUsed }),
    ...(flaggedAt !== undefined && { flaggedAt }),
  })
}
