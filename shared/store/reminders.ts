import type { Runtime } from "../runtime.ts"
import { statusOf } from "../token/verdict.ts"
import { type OwnedToken, withAccounts } from "./accounts.ts"
import { type Actor, audit } from "./audit.ts"
import { Conflict } from "./dynamodb.ts"
import { instantOf } from "./instants.ts"
import { indexSource, pagesOf } from "./pages.ts"
import { dayMilliseconds, firstReminder, reminders } from "./settings.ts"
import { handleOfToken } from "./shown-token.ts"
import { update, where } from "./steps.ts"
import { expiryBound, expiryPartitions, type Key, type TokenItem, tokenKey } from "./table.ts"
import { inTurn } from "./turns.ts"

type Reminder = (typeof reminders)[number]

/**
 * Reminds of every active token that expires within 30, 7 or 1 days, once each; of one that is found late only the most urgent. The
 * token remembers it, so a run may be stopped, late, or one of two. It reads each token of the last 30 days.
 */
export async function remindExpiringTokens(runtime: Runtime, actor: Actor): Promise<number> {
  const now = runtime.now()
  const [expired, last] = [expiryBound(now), expiryBound(now + firstReminder * dayMilliseconds)]
  let reminded = 0
  for await (const partition of inTurn(runtime, "remind-expiring-tokens", expiryPartitions()))
    for await (const keys of pagesOf(indexSource(runtime, "expiry", partition), last)) {
      // The last to expire first, down to what has expired already.
      const living = keys.filter(({ at }) => at > expired)
      reminded += await remindAll(runtime, actor, living)
      if (living.length < keys.length) break
    }
  return reminded
}

async function remindAll(runtime: Runtime, actor: Actor, keys: readonly Key[]): Promise<number> {
  const now = runtime.now()
  const tokens = await runtime.table.batchGet<TokenItem>(keys)
  const due = await withAccounts(
    runtime,
    tokens.filter((token) => reminderOf(token, now)),
  )
  const outcomes = await Promise.all(due.map((one) => remind(runtime, actor, one)))
  return outcomes.filter(Boolean).length
}

/** The reminder that a token is due, if it has not had it: the most urgent one. */
function reminderOf({ expiresAt, reminded }: TokenItem, now: number): Reminder | undefined {
  if (expiresAt === undefined || expiresAt <= now) return undefined
  const due = reminders.findLast((days) => expiresAt - now <= days * dayMilliseconds)
  return due !== undefined && due < (reminded ?? Number.POSITIVE_INFINITY) ? due : undefined
}

/** On the condition that it is still active, under the same expiry, and that no other run was quicker. */
async function remind(runtime: Runtime, actor: Actor, { token, account }: OwnedToken): Promise<boolean> {
  const now = runtime.now()
  const days = reminderOf(token, now)
  const expiresAt = token.expiresAt as number
  if (!days || statusOf(token, account, now) !== "active") return false
  const lost = new Conflict("changed or reminded meanwhile")
  try {
    await runtime.table.transact([
      update(
        tokenKey(token.id),
        { set: { reminded: days } },
        where(
          "#state = :active AND #expiresAt = :expiresAt AND (attribute_not_exists(#reminded) OR #reminded > :days)",
          {
            active: "ACTIVE",
            expiresAt,
            days,
          },
        ),
        () => lost,
      ),
      audit(runtime, actor, {
        action: "token.expiring",
        account,
        handle: handleOfToken(token),
        before: {},
        after: { days, expiration: instantOf(expiresAt) },
      }),
    ])
    return true
  } catch (error) {
    if (error !== lost) throw error
    return false
  }
}
