import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { deleteUser, purgeDeletedAccounts } from "../../../shared/store/deletion.ts"
import type { UserPool } from "../../../shared/store/pool-user.ts"
import { signIn } from "../../../shared/store/sign-in.ts"
import { accountKey } from "../../../shared/store/table.ts"
import { syncChange, syncUserPool } from "../../../shared/store/user-pool.ts"
import { createUser, updateUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { type FakeCognito, startFakeCognito } from "../../fake-cognito.ts"
import { type FakeRuntime, fakeRuntime } from "../../fakes.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

let table: TestTable
let runtime: FakeRuntime
let cognito: FakeCognito
let pool: UserPool
let stop: () => void
beforeAll(async () => {
  ;({ cognito, pool, stop } = await startFakeCognito())
})
afterAll(() => stop())
beforeEach(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table)
  Object.assign(cognito, { users: [], mails: [], calls: [], before: () => {}, after: () => {} })
})

const ana = "ana@example.com"
const aHuman = async (email = ana): Promise<number> =>
  (await createUser(runtime, anAdmin(), { user_type: "User", name: "Ana", role: "Member", teams: [], email })).user.id
const change = (id: number, changes: Parameters<typeof updateUser>[3]) =>
  updateUser(runtime, anAdmin(), id, changes, undefined)
const event = (id: number, formerEmail?: string) => syncChange(runtime, pool, { id, formerEmail })
const all = () => syncUserPool(runtime, pool)

/** The human of this email signs in at Cognito, and here. */
async function binds(email: string, jti = email): Promise<string> {
  const { username } = cognito.signIn(email)
  const identity = { issuer: pool.issuer, subject: username, email, tokenHash: `hash of ${jti}` }
  const origin = { ip: "203.0.113.7", userAgent: "test", requestId: "r" } as never
  await signIn(runtime, origin, { identity })
  return username
}

async function deleted(id: number): Promise<void> {
  await change(id, { active: false })
  await deleteUser(runtime, anAdmin(), id, undefined)
}
const purged = () => purgeDeletedAccounts(runtime, anAdmin())

const invited = "enabled FORCE_CHANGE_PASSWORD"
const signedIn = "enabled CONFIRMED"
const aside = "<username>@set-aside.invalid"
const recipients = () => cognito.mails.map(({ to }) => to)

/** Whatever starts the rule: the event about the one account, or the hour. */
describe.each(["event", "hour"] as const)("started by the %s", (start) => {
  const run = async (id: number, formerEmail?: string) => {
    if (start === "event") await event(id, formerEmail)
    else await all()
  }

  test("a new human is invited, once, and the email counts as verified", async () => {
    const id = await aHuman()
    await run(id)
    expect(cognito.snapshot()).toEqual({ [ana]: invited })
    expect(cognito.users[0]?.verified).toBe(true)
    await run(id)
    await run(id)
    expect(recipients()).toEqual([ana])
  })

  test("a service account is nobody there", async () => {
    const body = { user_type: "Service" as const, name: "s", role: "Member" as const, teams: [], email: ana }
    const { user } = await createUser(runtime, anAdmin(), body)
    await run(user.id)
    expect(cognito.users).toEqual([])
  })

  test("who is deactivated is signed out and disabled; bound, the same one is enabled again", async () => {
    const id = await aHuman()
    await event(id)
    const username = await binds(ana)
    await change(id, { active: false })
    await run(id)
    expect(cognito.users).toMatchObject([{ username, enabled: false, signedIn: false }])
    await change(id, { active: true })
    await run(id)
    expect(cognito.users).toMatchObject([{ username, email: ana, enabled: true, status: "CONFIRMED" }])
    expect(recipients()).toEqual([ana])
  })

  test("who was deactivated before the first sign-in is invited anew: the old password is over, or known", async () => {
    const id = await aHuman()
    await event(id)
    await change(id, { active: false })
    await event(id)
    await change(id, { active: true })
    await run(id)
    expect(cognito.snapshot()).toEqual({ [aside]: "disabled FORCE_CHANGE_PASSWORD", [ana]: invited })
    await run(id)
    expect(recipients()).toEqual([ana, ana])
  })

  test("a bound human's new email moves with them: the subject stays, and so does the binding", async () => {
    const id = await aHuman()
    await event(id)
    const username = await binds(ana)
    await change(id, { email: "anna@example.com" })
    await run(id, ana)
    expect(cognito.users).toMatchObject([
      { username, email: "anna@example.com", verified: true, enabled: true, status: "CONFIRMED" },
    ])
    expect(recipients()).toEqual([ana])
  })

  test("who has not signed in yet is invited at the new email, and the first invitation is over", async () => {
    const id = await aHuman()
    await event(id)
    await change(id, { email: "anna@example.com" })
    await run(id, ana)
    expect(cognito.snapshot()).toEqual({ [ana]: "disabled FORCE_CHANGE_PASSWORD", "anna@example.com": invited })
    await run(id, ana)
    expect(recipients()).toEqual([ana, "anna@example.com"])
  })

  test("who is being deleted, or is gone, is disabled, and stays", async () => {
    const id = await aHuman()
    await event(id)
    await binds(ana)
    await deleted(id)
    await run(id)
    expect(cognito.snapshot()).toEqual({ [ana]: "disabled CONFIRMED" })
    Object.assign(cognito.user(ana), { enabled: true })
    await purged()
    await run(id, ana)
    expect(cognito.snapshot()).toEqual({ [ana]: "disabled CONFIRMED" })
  })

  test("another human with the email of one who is gone gets neither their password nor their authenticator app", async () => {
    const first = await aHuman()
    await event(first)
    const former = await binds(ana)
    await deleted(first)
    await event(first)
    await purged()
    const second = await aHuman()
    await run(second)
    expect(cognito.snapshot()).toEqual({ [aside]: "disabled CONFIRMED", [ana]: invited })
    expect(cognito.user(ana).username).not.toBe(former)
    expect(recipients()).toEqual([ana, ana])
  })

  test("who is bound to another issuer, or whose user is gone from the pool, is found by email", async () => {
    const id = await aHuman()
    for (const issuer of ["https://issuer.example", pool.issuer]) {
      const [account] = (await table.dump()).filter(({ PK }) => PK === accountKey(id).PK)
      await table.put({ ...(account as (typeof account & object)), binding: { issuer, subject: "another" } })
      await run(id)
      await run(id)
    }
    expect(recipients()).toEqual([ana])
    expect(cognito.snapshot()).toEqual({ [ana]: invited })
  })

  test("an unbound human stays the one of that email", async () => {
    const id = await aHuman()
    await event(id)
    const username = await binds(ana)
    await change(id, { unbind: true })
    await run(id)
    expect(cognito.users).toMatchObject([{ username, email: ana, enabled: true }])
    expect(await binds(ana, "again")).toBe(username)
  })
})

describe("an email that is somebody else's by now", () => {
  test("is freed for whom the table says, whichever account is first, and also when two have changed places", async () => {
    const [a, b] = [await aHuman("a@example.com"), await aHuman("b@example.com")]
    await all()
    const [userA, userB] = [await binds("a@example.com"), await binds("b@example.com")]
    await change(a, { email: "c@example.com" })
    await change(b, { email: "a@example.com" })
    await change(a, { email: "b@example.com" })
    await event(b, "b@example.com")
    await event(a, "c@example.com")
    expect(cognito.user(userA)).toMatchObject({ email: "b@example.com", enabled: true, status: "CONFIRMED" })
    expect(cognito.user(userB)).toMatchObject({ email: "a@example.com", enabled: true, status: "CONFIRMED" })
    expect(recipients().sort()).toEqual(["a@example.com", "b@example.com"])
  })

  test("is given to a new human, though the former one's event is late", async () => {
    const a = await aHuman()
    await event(a)
    const former = await binds(ana)
    await change(a, { email: "moved@example.com" })
    const b = await aHuman("bea@example.com")
    await event(b)
    await change(b, { email: ana })
    await event(b, "bea@example.com")
    expect(cognito.user(ana)).toMatchObject({ enabled: true, status: "FORCE_CHANGE_PASSWORD" })
    expect(cognito.user(former).enabled).toBe(true)
    await event(a, ana)
    expect(cognito.snapshot()).toEqual({
      "moved@example.com": signedIn,
      "bea@example.com": "disabled FORCE_CHANGE_PASSWORD",
      [ana]: invited,
    })
  })

  test("is taken from whom an operator made by hand", async () => {
    const id = await aHuman()
    await event(id)
    await binds(ana)
    await pool.invite("anna@example.com")
    await change(id, { email: "anna@example.com" })
    await event(id, ana)
    expect(cognito.snapshot()).toEqual({ [aside]: "disabled FORCE_CHANGE_PASSWORD", "anna@example.com": signedIn })
  })
})

describe("a stranger in the pool", () => {
  test("is disabled by the hour, and neither deleted nor asked for again", async () => {
    await pool.invite("stranger@example.com")
    expect(await all()).toEqual({ checked: 1 })
    expect(cognito.snapshot()).toEqual({ "stranger@example.com": "disabled FORCE_CHANGE_PASSWORD" })
    expect(await all()).toEqual({ checked: 0 })
  })

  test("is who has an account's email beside its own human", async () => {
    const id = await aHuman()
    await event(id)
    const own = await binds(ana)
    Object.assign(cognito.user(own), { email: "wrong@example.com" })
    await pool.invite(ana)
    await all()
    expect(cognito.snapshot()).toEqual({ [ana]: signedIn, [aside]: "disabled FORCE_CHANGE_PASSWORD" })
    expect(cognito.user(ana).username).toBe(own)
  })
})

describe("events in another order", () => {
  test("come to what the table says", async () => {
    const id = await aHuman()
    await change(id, { active: false })
    await change(id, { active: true, email: "anna@example.com" })
    // The newest first: created, deactivated, reactivated and updated tell the same account each time.
    for (const former of [ana, undefined, undefined, undefined]) await event(id, former)
    expect(cognito.snapshot()).toEqual({ "anna@example.com": invited })
    expect(recipients()).toEqual(["anna@example.com"])
  })

  test("a late event of a deactivation changes nothing for who is active again", async () => {
    const id = await aHuman()
    await event(id)
    const username = await binds(ana)
    await change(id, { active: false })
    await change(id, { active: true })
    await event(id)
    expect(cognito.users).toMatchObject([{ username, enabled: true, signedIn: true }])
  })

  test("two at once invite once", async () => {
    const id = await aHuman()
    await Promise.all([event(id), event(id), all(), event(id)])
    expect(cognito.snapshot()).toEqual({ [ana]: invited })
    expect(recipients()).toEqual([ana])
  })
})

/** The first call of an operation, before or after it has had its effect. */
function stoppedOnce(when: "before" | "after", operation: string, error = new Error("InternalErrorException")) {
  let left = operation === "AdminCreateUser" || error.message === "gone" ? 1 : 3
  cognito[when] = (called) => {
    if (called !== operation || left === 0) return
    left -= 1
    throw error
  }
}

describe("a run that ends in the middle", () => {
  const transitions: Record<string, (id: number) => Promise<unknown>> = {
    AdminUserGlobalSignOut: (id) => change(id, { active: false }),
    AdminDisableUser: (id) => change(id, { active: false }),
    AdminUpdateUserAttributes: (id) => change(id, { email: "anna@example.com" }),
  }
  test.each(
    Object.keys(transitions).flatMap((operation) => (["before", "after"] as const).map((when) => [when, operation])),
  )("%s %s throws, and the next one does the rest", async (when, operation) => {
    const id = await aHuman()
    await event(id)
    await binds(ana)
    await transitions[operation as string]?.(id)
    stoppedOnce(when as "before", operation as string)
    await expect(event(id, ana)).rejects.toThrow("about")
    await event(id, ana)
    const email = operation === "AdminUpdateUserAttributes" ? "anna@example.com" : ana
    const enabled = email !== ana
    expect(cognito.users).toMatchObject([{ email, enabled, signedIn: enabled }])
  })

  test.each(["before", "after"] as const)("%s an invitation throws, and in the end there is one", async (when) => {
    const id = await aHuman()
    stoppedOnce(when, "AdminCreateUser")
    await expect(event(id)).rejects.toThrow("about")
    await event(id)
    expect(cognito.snapshot()).toEqual({ [ana]: invited })
    expect(recipients()).toEqual([ana])
  })

  test("after setting somebody aside throws, and the email is the new human's by the next run", async () => {
    const first = await aHuman()
    await event(first)
    await deleted(first)
    await event(first)
    await purged()
    const second = await aHuman()
    stoppedOnce("before", "AdminCreateUser")
    await expect(event(second)).rejects.toThrow("about")
    expect(cognito.snapshot()).toEqual({ [aside]: "disabled FORCE_CHANGE_PASSWORD" })
    await event(second)
    expect(cognito.user(ana).enabled).toBe(true)
  })
})

describe("a Cognito that won't", () => {
  test.each(["TooManyRequestsException", "ResourceNotFoundException"])("%s: the run throws at once", async (name) => {
    await aHuman("a@example.com")
    await aHuman("b@example.com")
    cognito.before = (operation) => {
      if (operation === "AdminGetUser") throw cognito.refused(name)
    }
    await expect(all()).rejects.toMatchObject({ name })
    expect(new Set(cognito.calls.slice(1)).size).toBe(1)
    cognito.before = () => {}
    await all()
    expect(recipients().sort()).toEqual(["a@example.com", "b@example.com"])
  })

  test.each(["LimitExceededException", "CodeDeliveryFailureException"])(
    "%s: who was made and not told is no invited one, and the next run invites them",
    async (name) => {
      const id = await aHuman()
      cognito.before = (operation) => {
        if (operation === "mail") throw cognito.refused(name)
      }
      await expect(event(id)).rejects.toMatchObject({ name: "PoolRefusal", message: name })
      expect(cognito.snapshot()).toEqual({ [ana]: "disabled FORCE_CHANGE_PASSWORD" })
      cognito.before = () => {}
      await event(id)
      expect(cognito.snapshot()).toEqual({ [aside]: "disabled FORCE_CHANGE_PASSWORD", [ana]: invited })
      expect(recipients()).toEqual([ana])
    },
  )

  test("one human: the others don't wait for it, and the run fails in the end, naming the account", async () => {
    const id = await aHuman("a@example.com")
    await aHuman("b@example.com")
    await pool.invite("stranger@example.com")
    cognito.mails = []
    let first = true
    cognito.before = (operation) => {
      if (operation !== "mail" || recipients().includes("b@example.com") || !first) return
      first = false
      throw cognito.refused("LimitExceededException")
    }
    await expect(all()).rejects.toThrow("Cognito refused to put 1 of 3 right")
    expect(cognito.user("stranger@example.com").enabled).toBe(false)
    expect(cognito.mails).toHaveLength(1)
    const [line] = runtime.lines.filter(({ event: name }) => name === "user-pool.refused")
    expect(line).toMatchObject({ why: "LimitExceededException", accountId: expect.any(Number) })
    cognito.before = () => {}
    await all()
    expect(recipients().sort()).toEqual(["a@example.com", "b@example.com"])
    expect(id).toBeGreaterThan(0)
  })
})

test("the hour asks Cognito for a list, and by name only for whom it has to change: whom it asks for costs", async () => {
  for (let n = 0; n < 130; n++) await aHuman(`h${n}@example.com`)
  expect(await all()).toEqual({ checked: 130 })
  cognito.calls = []
  expect(await all()).toEqual({ checked: 0 })
  expect(cognito.calls).toEqual(["ListUsers", "ListUsers", "ListUsers"])
  expect(recipients()).toHaveLength(130)
})
