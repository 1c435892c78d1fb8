import { createToken, type IssuedToken } from "../../shared/store/tokens.ts"
import { createUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { fakeRuntime, frozenClock } from "../fakes.ts"
import type { TestTable } from "../tables.ts"

/** A runtime of its own, as each Lambda has: other ids, one table, the time of now. */
export const lambdaOn = ({ table }: Pick<TestTable, "table">) => fakeRuntime(table, frozenClock(Date.now()))

export const tokenBody = (userId: string, name: string) => ({
  name,
  type: "Service" as const,
  user_id: userId,
  expiration: "30d",
  allowed_cidrs: [],
})

/** A service account with so many tokens. */
export async function anAccount(on: Pick<TestTable, "table">, name: string, tokens: number) {
  const runtime = lambdaOn(on)
  const { user } = await createUser(runtime, anAdmin(), { user_type: "Service", name, role: "Member", teams: [] })
  const issued: IssuedToken[] = []
  for (let n = 0; n < tokens; n++)
    issued.push(await createToken(runtime, anAdmin(), "all", tokenBody(user.user_id, `t${n}`)))
  return { user, tokens: issued }
}
