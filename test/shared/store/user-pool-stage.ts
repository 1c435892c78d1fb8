import { afterAll, beforeAll, beforeEach } from "vitest"
import { deleteUser, purgeDeletedAccounts } from "../../../shared/store/deletion.ts"
import type { UserPool } from "../../../shared/store/pool-user.ts"
import { signIn } from "../../../shared/store/sign-in.ts"
import { syncChange, syncUserPool } from "../../../shared/store/user-pool.ts"
import { createUser, updateUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { type FakeCognito, startFakeCognito } from "../../fake-cognito.ts"
import { type FakeRuntime, fakeRuntime } from "../../fakes.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

export const ana = "ana@example.com"
export const invited = "enabled FORCE_CHANGE_PASSWORD"
export const signedIn = "enabled CONFIRMED"
export const aside = "<username>@set-aside.invalid"

/** A table and a pool, both empty for each test, and what happens to humans on the way from one to the other. */
export function aStage() {
  let stop: () => void
  const stage = {} as { table: TestTable; runtime: FakeRuntime; cognito: FakeCognito; pool: UserPool }
  beforeAll(async () => {
    const { cognito, pool, ...started } = await startFakeCognito()
    stop = started.stop
    Object.assign(stage, { cognito, pool })
  })
  afterAll(() => stop())
  beforeEach(async () => {
    stage.table = await createTestTable()
    stage.runtime = fakeRuntime(stage.table.table)
    Object.assign(stage.cognito, { users: [], mails: [], calls: [], before: () => {}, after: () => {} })
  })

  const aHuman = async (email = ana): Promise<number> => {
    const body = { user_type: "User" as const, name: "Ana", role: "Member" as const, teams: [], email }
    return (await createUser(stage.runtime, anAdmin(), body)).user.id
  }
  const change = (id: number, changes: Parameters<typeof updateUser>[3]) =>
    updateUser(stage.runtime, anAdmin(), id, changes, undefined)
  return Object.assign(stage, {
    aHuman,
    change,
    event: (id: number, formerEmail?: string) => syncChange(stage.runtime, stage.pool, { id, formerEmail }),
    all: () => syncUserPool(stage.runtime, stage.pool),
    /** The human of this email signs in at Cognito, and here. */
    binds: async (email: string, tokenHash = email): Promise<string> => {
      const { username } = stage.cognito.signIn(email)
      const identity = { issuer: stage.pool.issuer, subject: username, email, tokenHash }
      const origin = { clientAddress: "203.0.113.7", userAgent: "test", requestId: "r" }
      await signIn(stage.runtime, origin, { identity })
      return username
    },
    deleted: async (id: number): Promise<void> => {
      await change(id, { active: false })
      await deleteUser(stage.runtime, anAdmin(), id, undefined)
    },
    purged: () => purgeDeletedAccounts(stage.runtime, anAdmin()),
    recipients: () => stage.cognito.mails.map(({ to }) => to),
  })
}
