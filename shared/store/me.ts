import type { Caller } from "../contract/caller.ts"
import { permissionsOf } from "../contract/permissions.ts"
import { Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { instantOrNull } from "./instants.ts"
import { handleOfToken } from "./shown-token.ts"
import { type AccountItem, accountKey, type TokenItem, tokenKey } from "./table.ts"
import { teamNames } from "./teams.ts"
import { present } from "./users.ts"

/** The caller as it is now: what it is, what it may do, and the token it came with. */
export async function getCaller(runtime: Runtime, caller: Caller) {
  const rows = await runtime.table.batchGet<AccountItem | TokenItem>([
    accountKey(caller.accountId),
    tokenKey(caller.tokenId),
  ])
  const account = rows.find((row): row is AccountItem => "userId" in row)
  const token = rows.find((row): row is TokenItem => "accountId" in row)
  // Deleted in the moment since the authorizer read them.
  if (!account || !token) throw new Problem("not-found")
  return {
    ...present(runtime, account, await teamNames(runtime, [account])),
    permissions: permissionsOf(account.role),
    token: {
      id: token.id,
      handle: handleOfToken(token),
      name: token.name,
      expiration: instantOrNull(token.expiresAt),
    },
  }
}
