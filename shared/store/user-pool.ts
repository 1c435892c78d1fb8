import type { Runtime } from "../runtime.ts"
import { indexSource, pagesOf } from "./pages.ts"
import { PoolRefusal, type PoolUser, shutOutStranger, syncAccount, type UserPool } from "./pool-user.ts"
import { type AccountItem, accountList } from "./table.ts"

/** What an event of the bus says has happened to an account. */
export interface AccountChange {
  id: number
  /** The email under which the pool may still have its human; absent: the same as before. */
  formerEmail?: string | undefined
}

/** Takes one change of an account to the user pool: whatever the account is by now. Throws PoolRefusal. */
export async function syncChange(runtime: Runtime, pool: UserPool, { id, formerEmail }: AccountChange): Promise<void> {
  await syncAccount(runtime, pool, id)
  const former = formerEmail === undefined ? undefined : await pool.find(formerEmail)
  if (former?.enabled) await shutOutStranger(runtime, pool, former)
}

/**
 * Looks at every human of the stage and of the pool, should an event have been missed. Cognito counts whom it is asked about by name as
 * active, and has a price for it, so the pool is listed, and only who seems to be wrong is looked at. Answers how many these were;
 * throws in the end when some could not be put right.
 */
export async function syncUserPool(runtime: Runtime, pool: UserPool): Promise<{ checked: number }> {
  const users = new Map<string, PoolUser>()
  for await (const page of pool.pages()) for (const user of page) users.set(user.username, user)
  const byEmail = new Map([...users.values()].map((user) => [user.email, user]))
  const run = { checked: 0, refused: 0 }
  const attempt = async (who: object, act: () => Promise<void>) => {
    run.checked += 1
    try {
      await act()
    } catch (error) {
      if (!(error instanceof PoolRefusal)) throw error
      run.refused += 1
      runtime.log({ event: "user-pool.refused", why: error.message, ...who })
    }
  }

  const right = new Set<string>()
  for await (const keys of pagesOf(indexSource(runtime, "list", accountList("User"))))
    for (const account of await runtime.table.batchGet<AccountItem>(keys)) {
      const { id, binding, email, state } = account
      const bound = binding?.issuer === pool.issuer ? users.get(binding.subject) : undefined
      const user = bound ?? byEmail.get(email ?? "")
      const isActive = state === "ACTIVE"
      if (isActive && user?.enabled && user.email === email) right.add(user.username)
      else if (isActive || user?.enabled) await attempt({ accountId: id }, () => syncAccount(runtime, pool, id))
    }
  for (const user of users.values())
    if (user.enabled && !right.has(user.username))
      await attempt({ subject: user.username }, () => shutOutStranger(runtime, pool, user))

  if (run.refused > 0) throw new Error(`Cognito refused to put ${run.refused} of ${run.checked} right`)
  return { checked: run.checked }
}
