import { randomUUID } from "node:crypto"
import type { Role } from "../shared/contract/permissions.ts"
import { tokenKey } from "../shared/store/table.ts"
import { createToken } from "../shared/store/tokens.ts"
import { createUser } from "../shared/store/users.ts"
import { newId } from "../shared/token/format.ts"
import { anAdmin } from "./builders.ts"
import type { RunningStack } from "./local-stack.ts"

export interface Person {
  id: number
  userId: string
  tokenId: number
  bearerToken: string
}

/** A human with a personal token. Through the store, since only a human's own request can make one. */
export async function aHuman(stack: RunningStack, role: Role, at = Date.now(), expiration = "30d"): Promise<Person> {
  const runtime = stack.runtimeAt(at)
  const email = `${randomUUID()}@example.com`
  const { user } = await createUser(runtime, anAdmin(), {
    user_type: "User",
    name: `A ${role}`,
    role,
    teams: [],
    email,
  })
  // It calls with a session, as after a sign-in.
  // A millisecond before, or one time in 4,096 its token would get the same id.
  const tokenId = newId(at - 1, crypto.getRandomValues(new Uint8Array(2)))
  const session = { id: tokenId, accountId: user.id, type: "Session", state: "ACTIVE", epoch: 0 }
  await stack.rows.put({ ...tokenKey(tokenId), ...session })
  const caller = anAdmin({ accountId: user.id, userId: email, role, tokenId })
  const token = await createToken(runtime, caller, "own", {
    name: "mine",
    type: "Personal",
    expiration,
    allowed_cidrs: [],
  })
  return { id: user.id, userId: email, tokenId: token.id, bearerToken: token.bearer_token }
}

/** A service account with a token, over HTTP. */
export async function aService(stack: RunningStack, role: Role = "Member", expiration = "30d"): Promise<Person> {
  const user = await stack.admin["users/create"]({ body: { name: `s ${randomUUID()}`, role } })
  const token = await stack.admin["user-tokens/create"]({
    body: { name: "first", type: "Service", user_id: user.user_id, expiration },
  })
  return { id: user.id, userId: user.user_id, tokenId: token.id, bearerToken: token.bearer_token }
}
