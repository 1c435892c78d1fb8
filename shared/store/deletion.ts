import { measured } from "../contract/metrics.ts"
import { Problem } from "../contract/problems.ts"
import { type Runtime, Unavailable } from "../runtime.ts"
import { emailKeyOf, readAccount, tokenGuardsOf, unbindSteps } from "./accounts.ts"
import { type Actor, audit } from "./audit.ts"
import { Conflict, retrying } from "./dynamodb.ts"
import { indexSource } from "./pages.ts"
import { handleOfToken } from "./shown-token.ts"
import { always, exists, put, remove, type Step, update, where } from "./steps.ts"
import {
  type AccountItem,
  accountKey,
  type IdentityItem,
  purgeList,
  type TokenItem,
  type TokenNameItem,
  teamKey,
  tokenKey,
  userIdKey,
} from "./table.ts"

/**
 * Begins the deletion of a deactivated account: two steps, as for tokens. From here on nothing can change it, and the purge
 * takes its tokens away, forty at a time. Throws account-active, not-found.
 */
export const deleteUser = async (
  runtime: Runtime,
  actor: Actor,
  id: number,
  reason: string | undefined,
): Promise<void> => {
  const account = await readAccount(runtime, id)
  // A repeat: it is being deleted already, and that is what was asked for.
  if (account.state === "DELETING") return
  await runtime.table.transact([
    update(
      accountKey(id),
      { set: { state: "DELETING", deletingAt: runtime.now(), listPK: purgeList }, add: { version: 1 } },
      where("#state = :inactive", { inactive: "INACTIVE" }),
      (found) => new Problem(!found ? "not-found" : found.state === "DELETING" ? "account-deleting" : "account-active"),
    ),
    audit(runtime, actor, {
      action: "account.deleting",
      account,
      reason,
      before: { status: "inactive" },
      after: { status: "deleting" },
    }),
  ])
}

const accountsAtOnce = 100

/**
 * Purges every account that is being deleted; answers how many are gone. One that can't be holds up no other: it throws in the end, for the next run
 * to try them again.
 */
export async function purgeDeletedAccounts(runtime: Runtime, actor: Actor): Promise<number> {
  const source = indexSource(runtime, "list", purgeList)
  let purged = 0
  const failed: unknown[] = []
  let after: string | undefined
  for (;;) {
    const keys = await source(after, accountsAtOnce)
    const accounts = await runtime.table.batchGet<AccountItem>(keys)
    // The index is eventual, the row isn't.
    const deleting = accounts.filter(({ state }) => state === "DELETING")
    reportAge(runtime, deleting)
    for (const account of deleting)
      try {
        await purgeAccount(runtime, actor, account)
        purged += 1
      } catch (error) {
        if (error instanceof Unavailable) throw error
        failed.push(error)
        runtime.log({ event: "purge.failed", accountId: account.id, why: (error as Error).message })
      }
    after = keys.at(-1)?.at
    if (keys.length < accountsAtOnce) break
  }
  if (failed.length > 0) throw new Error(`${failed.length} accounts can't be purged`, { cause: failed[0] })
  return purged
}

/** Before the purge, so that one which never ends is seen; and of none, too, so that a run which never begins is missed. */
function reportAge(runtime: Runtime, deleting: readonly AccountItem[]): void {
  const now = runtime.now()
  const PurgeAge = Math.max(0, ...deleting.map(({ deletingAt = now }) => now - deletingAt)) / 1000
  runtime.log({
    event: "purge",
    pending: deleting.length,
    ...measured("Seconds", { PurgeAge }, runtime.stage.name, now),
  })
}

/** Two items a token, the count and the event: well below the hundred of a transaction. */
const tokensAtOnce = 40

/** No step remembers anything: each reads what is left. A second worker's same step loses, and reads again. */
async function purgeAccount(runtime: Runtime, actor: Actor, account: AccountItem): Promise<void> {
  for (;;) {
    const gone = await retrying(async () => {
      const guards = (await tokenGuardsOf(runtime, account.id)).slice(0, tokensAtOnce)
      if (guards.length === 0) return true
      await purgeTokens(runtime, actor, account, guards)
      return false
    })
    if (gone) break
  }
  await removeAccount(runtime, actor, account)
}

async function purgeTokens(runtime: Runtime, actor: Actor, account: AccountItem, guards: readonly TokenNameItem[]) {
  const tokens = await runtime.table.batchGet<TokenItem>(guards.map(({ tokenId }) => tokenKey(tokenId)))
  const lost = () => new Conflict("another worker was quicker")
  await runtime.table.transact([
    ...guards.flatMap((guard): Step[] => [
      remove(tokenKey(guard.tokenId), always, lost),
      remove({ PK: guard.PK, SK: guard.SK }, where("#tokenId = :id", { id: guard.tokenId }), lost),
    ]),
    update(accountKey(account.id), { add: { tokens: -guards.length } }, exists, lost),
    audit(runtime, actor, {
      action: "token.deleted",
      account,
      reason: "the account is being deleted",
      before: { handles: tokens.map(handleOfToken) },
      after: {},
    }),
  ])
}

/**
 * The last step. A service account's id is kept by a tombstone, so that nobody can ever pass for it; a human's email is free
 * again. Two at once: one wins, and for the other the account is gone.
 */
async function removeAccount(runtime: Runtime, actor: Actor, account: AccountItem): Promise<void> {
  const gone = new Conflict("the account is gone")
  const human = account.userType === "User"
  const own = where("#accountId = :id", { id: account.id })
  const miscounted = () => new Error("an account's guard or team was not as it left it")
  // A replay leaves an email with whoever has it: check-integrity tells of that.
  const guards = human ? await runtime.table.batchGet<IdentityItem>([emailKeyOf(account.email as string)]) : []
  try {
    await runtime.table.transact([
      remove(accountKey(account.id), where("#state = :deleting", { deleting: "DELETING" }), () => gone),
      ...(human
        ? [
            ...unbindSteps(account),
            remove(userIdKey(account.userId), own, miscounted),
            ...guards
              .filter(({ accountId }) => accountId === account.id)
              .map(({ PK, SK }) => remove({ PK, SK }, own, miscounted)),
          ]
        : [put({ ...userIdKey(account.userId), accountId: account.id, tombstone: true }, own, miscounted)]),
      ...account.teams.map((key) => update(teamKey(key), { add: { uses: -1 } }, exists, miscounted)),
      audit(runtime, actor, { action: "account.deleted", account, before: { user_id: account.userId }, after: {} }),
    ])
  } catch (error) {
    if (error !== gone) throw error
  }
}
