import type { Caller } from "../contract/caller.ts"
import type { Body } from "../contract/endpoints.ts"
import type { Token } from "../contract/objects.ts"
import type { Scope } from "../contract/permissions.ts"
import { Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { statusOf } from "../token/verdict.ts"
import { type Actor, audit, type Happened } from "./audit.ts"
import { Conflict, retrying } from "./dynamodb.ts"
import { issuedAtOf } from "./expiry-policy.ts"
import { claim, type Idempotency, recall } from "./idempotency.ts"
import { expiryOf, instantOf, instantOrNull, lastInstant, wholeSecond } from "./instants.ts"
import { pendingAttributes } from "./promotion.ts"
import { newSecret } from "./secrets.ts"
import { dayMilliseconds, readSettings, type Settings } from "./settings.ts"
import { handleOfToken, rotationOf, showToken } from "./shown-token.ts"
import { type Changes, type Condition, update, where } from "./steps.ts"
import { type TokenItem, tokenKey } from "./table.ts"
import {
  alreadyIssued,
  type IssuedToken,
  mostLasting,
  outlives,
  readParent,
  readToken,
  sameStanding,
  stillActive,
} from "./tokens.ts"

/**
 * A rotation proves itself: the new secret waits, beside the current one, for its first use, which makes it the current one
 * (promotion.ts, for the job that records uses) and begins the overlap. Whoever is late can be seen until its end.
 * One row holds all of it, so revocation, epoch and account count for every secret alike.
 */

/** A secret that nobody has used for so long is forgotten: whoever asked for it has lost it. */
const patienceMilliseconds = 30 * dayMilliseconds
const hourMilliseconds = 3_600_000

/**
 * Gives an active token a second secret, which exists in this answer only. Throws not-found, insufficient-role, token-not-active,
 * rotation-pending, validation-failed; under an Idempotency-Key that has made its secret, token-already-issued.
 */
export const startRotation = (
  runtime: Runtime,
  caller: Caller & Actor,
  scope: Scope,
  id: number,
  body: Body<"user-tokens/rotate">,
  idempotency: Idempotency | undefined,
): Promise<IssuedToken> =>
  retrying(async () => {
    const refuseRepeat = async () => {
      const earlier = idempotency && (await recall(runtime, idempotency))
      if (earlier) throw await alreadyIssued(runtime, caller, scope, earlier.tokenId as number)
    }
    await refuseRepeat()
    const { token, account } = await readToken(runtime, caller, scope, id)
    // An administrator may end somebody's personal token, and never hold it.
    if (token.type === "Personal" && token.accountId !== caller.accountId) throw new Problem("insufficient-role")
    const now = runtime.now()
    if (statusOf(token, account, now) !== "active" || token.compromised) throw new Problem("token-not-active")
    if (rotationOf(token, now)) {
      // Perhaps begun by this very request, sent twice, since we have looked for it.
      await refuseRepeat()
      throw new Problem("rotation-pending")
    }
    const settings = await readSettings(runtime)
    const parent = token.type === "Personal" ? await readParent(runtime, caller, account) : undefined
    const nextExpiresAt = expiryAfter(token, body.expiration, parent, now, settings)

    const { bearerToken, secret } = await newSecret(runtime, token.type, account.id, id)
    const generation = (token.lastGeneration ?? token.current.generation) + 1
    const set: Partial<TokenItem> = {
      pending: { ...secret, generation },
      pendingSince: now,
      pendingExpiresAt: Math.min(nextExpiresAt ?? Number.POSITIVE_INFINITY, wholeSecond(now + patienceMilliseconds)),
      nextExpiresAt,
      overlapSeconds: (body.overlap_hours * hourMilliseconds) / 1000,
      lastGeneration: generation,
    }
    await runtime.table.transact([
      ...(idempotency ? [claim(runtime, idempotency, { tokenId: id })] : []),
      update(
        tokenKey(id),
        { set, add: { version: 1 }, remove: nextExpiresAt === undefined ? ["nextExpiresAt"] : [] },
        where("#version = :version AND #state = :active", { version: token.version, active: "ACTIVE" }),
        (found) => (found ? new Conflict("changed meanwhile") : new Problem("not-found")),
      ),
      sameStanding(account),
      // A token that is rotated with itself is checked by its own step.
      ...(parent && parent.id !== id ? [stillActive(parent)] : []),
      audit(runtime, caller, {
        action: "token.rotation-started",
        account,
        handle: handleOfToken(token),
        reason: body.reason,
        before: {},
        after: { generation, expiration: instantOrNull(nextExpiresAt), overlap_hours: body.overlap_hours },
      }),
    ])
    return { ...showToken({ ...token, ...set }, account, now, settings), bearer_token: bearerToken }
  })

/** As it is asked for; else as long a life as the current secret was given, as far as the policy and the calling token let it. */
function expiryAfter(
  token: TokenItem,
  wanted: string | undefined,
  parent: TokenItem | undefined,
  now: number,
  policy: Settings,
): number | undefined {
  const most = parent && mostLasting(parent)
  if (wanted !== undefined) {
    const expiresAt = expiryOf(wanted, now, policy)
    if (most !== undefined && (expiresAt ?? Number.POSITIVE_INFINITY) > most) throw outlives()
    return expiresAt
  }
  const longest = policy.maxExpiryDays === undefined ? undefined : now + policy.maxExpiryDays * dayMilliseconds
  const same =
    token.expiresAt === undefined ? undefined : Math.min(now + token.expiresAt - issuedAtOf(token), lastInstant)
  const limits = [same, longest, most].filter((limit) => limit !== undefined)
  // Throws where the stage lets nothing live for ever, and there is nothing to go by.
  return limits.length === 0 ? expiryOf("never", now, policy) : wholeSecond(Math.min(...limits))
}

/** Ends the overlap now: the old secret is refused from the next request on. Throws not-found, no-rotation. */
export const completeRotation = (
  runtime: Runtime,
  caller: Caller & Actor,
  scope: Scope,
  id: number,
  body: Body<"user-tokens/rotate-complete">,
): Promise<Token> =>
  endRotation(runtime, caller, scope, id, body.reason, "overlapping", (token, now) => {
    const { generation = 0 } = token.previous ?? {}
    return {
      // Not now, which the clock of an authorizer may have yet to reach.
      changes: { set: { supersededAt: 0 } },
      condition: where("#previous.#generation = :generation AND #supersededAt > :now", { generation, now }),
      happened: {
        action: "token.rotation-completed",
        before: { generation, superseded_at: instantOf(token.supersededAt as number) },
        after: { superseded_at: instantOf(now) },
      },
    }
  })

/** Drops the new secret before it was used; the current one goes on as if nothing had been. Throws not-found, no-rotation. */
export const abortRotation = (
  runtime: Runtime,
  caller: Caller & Actor,
  scope: Scope,
  id: number,
  body: Body<"user-tokens/rotate-abort">,
): Promise<Token> =>
  endRotation(runtime, caller, scope, id, body.reason, "pending", (token) => {
    const { generation = 0 } = token.pending ?? {}
    return {
      changes: { remove: pendingAttributes },
      condition: where("#pending.#generation = :generation", { generation }),
      happened: { action: "token.rotation-aborted", before: { generation }, after: {} },
    }
  })

interface End {
  changes: Changes
  condition: Condition
  happened: Happened
}

const endRotation = (
  runtime: Runtime,
  caller: Caller & Actor,
  scope: Scope,
  id: number,
  reason: string | undefined,
  state: "pending" | "overlapping",
  end: (token: TokenItem, now: number) => End,
): Promise<Token> =>
  retrying(async () => {
    const { token, account } = await readToken(runtime, caller, scope, id)
    const now = runtime.now()
    if (rotationOf(token, now)?.state !== state) throw new Problem("no-rotation")
    const { changes, condition, happened } = end(token, now)
    await runtime.table.transact([
      update(
        tokenKey(id),
        { ...changes, add: { version: 1 } },
        condition,
        // Promoted, or ended, meanwhile: read again, and see what there is to end.
        (found) => (found ? new Conflict("changed meanwhile") : new Problem("not-found")),
      ),
      audit(runtime, caller, { ...happened, account, handle: handleOfToken(token), reason }),
    ])
    const gone = Object.fromEntries((changes.remove ?? []).map((name) => [name, undefined]))
    return showToken({ ...token, ...changes.set, ...gone } as TokenItem, account, now, await readSettings(runtime))
  })
