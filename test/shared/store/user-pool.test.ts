import { describe, expect, test } from "vitest"
import { accountKey } from "../../../shared/store/table.ts"
import { createUser } from "../../../shared/store/users.ts"
import { anAdmin } from "../../builders.ts"
import { ana, aStage, aside, invited, signedIn } from "./user-pool-stage.ts"

const stage = aStage()
const { aHuman, change, event, all, binds, deleted, purged, recipients } = stage

/** Whatever starts the rule: the event about the one account, or the hour. */
describe.each(["event", "hour"] as const)("started by the %s", (start) => {
  const run = async (id: number, formerEmail?: string) => {
    if (start === "event") await event(id, formerEmail)
    else await all()
  }

  test("a new human is invited, once, and the email counts as verified", async () => {
    const id = await aHuman()
    await run(id)
    expect(stage.cognito.snapshot()).toEqual({ [ana]: invited })
    expect(stage.cognito.users[0]?.verified).toBe(true)
    await run(id)
    await run(id)
    expect(recipients()).toEqual([ana])
  })

  test("a service account is nobody there", async () => {
    const body = { user_type: "Service" as const, name: "s", role: "Member" as const, teams: [], email: ana }
    const { user } = await createUser(stage.runtime, anAdmin(), body)
    await run(user.id)
    expect(stage.cognito.users).toEqual([])
  })

  test("who is deactivated is signed out and disabled; bound, the same one is enabled again", async () => {
    const id = await aHuman()
    await event(id)
    const username = await binds(ana)
    await change(id, { active: false })
    await run(id)
    expect(stage.cognito.users).toMatchObject([{ username, enabled: false, signedIn: false }])
    await change(id, { active: true })
    await run(id)
    expect(stage.cognito.users).toMatchObject([{ username, email: ana, enabled: true, status: "CONFIRMED" }])
    expect(recipients()).toEqual([ana])
  })

  test("who was deactivated before the first sign-in is invited anew: the old password is over, or known", async () => {
    const id = await aHuman()
    await event(id)
    await change(id, { active: false })
    await event(id)
    await change(id, { active: true })
    await run(id)
    expect(stage.cognito.snapshot()).toEqual({ [aside]: "disabled FORCE_CHANGE_PASSWORD", [ana]: invited })
    await run(id)
    expect(recipients()).toEqual([ana, ana])
  })

  test("a bound human's new email moves with them: the subject stays, and so does the binding", async () => {
    const id = await aHuman()
    await event(id)
    const username = await binds(ana)
    await change(id, { email: "anna@example.com" })
    await run(id, ana)
    expect(stage.cognito.users).toMatchObject([
      { username, email: "anna@example.com", verified: true, enabled: true, status: "CONFIRMED" },
    ])
    expect(recipients()).toEqual([ana])
  })

  test("who has not signed in yet is invited at the new email, and the first invitation is over", async () => {
    const id = await aHuman()
    await event(id)
    await change(id, { email: "anna@example.com" })
    await run(id, ana)
    expect(stage.cognito.snapshot()).toEqual({ [ana]: "disabled FORCE_CHANGE_PASSWORD", "anna@example.com": invited })
    await run(id, ana)
    expect(recipients()).toEqual([ana, "anna@example.com"])
  })

  test("who is being deleted, or is gone, is disabled, and stays", async () => {
    const id = await aHuman()
    await event(id)
    await binds(ana)
    await deleted(id)
    await run(id)
    expect(stage.cognito.snapshot()).toEqual({ [ana]: "disabled CONFIRMED" })
    Object.assign(stage.cognito.user(ana), { enabled: true })
    await purged()
    await run(id, ana)
    expect(stage.cognito.snapshot()).toEqual({ [ana]: "disabled CONFIRMED" })
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
    expect(stage.cognito.snapshot()).toEqual({ [aside]: "disabled CONFIRMED", [ana]: invited })
    expect(stage.cognito.user(ana).username).not.toBe(former)
    expect(recipients()).toEqual([ana, ana])
  })

  test("who is bound to another issuer, or whose user is gone from the pool, is found by email", async () => {
    const id = await aHuman()
    for (const issuer of ["https://issuer.example", stage.pool.issuer]) {
      const [account] = (await stage.table.dump()).filter(({ PK }) => PK === accountKey(id).PK)
      await stage.table.put({ ...(account as typeof account & object), binding: { issuer, subject: "another" } })
      await run(id)
      await run(id)
    }
    expect(recipients()).toEqual([ana])
    expect(stage.cognito.snapshot()).toEqual({ [ana]: invited })
  })

  test("who is deactivated and unbound is invited anew on the way back: how a lost authenticator app is replaced", async () => {
    const id = await aHuman()
    await event(id)
    const former = await binds(ana)
    await change(id, { active: false, unbind: true })
    await run(id)
    await change(id, { active: true })
    await run(id)
    expect(stage.cognito.snapshot()).toEqual({ [aside]: "disabled CONFIRMED", [ana]: invited })
    expect(await binds(ana, "anew")).not.toBe(former)
  })

  test("an unbound human stays the one of that email", async () => {
    const id = await aHuman()
    await event(id)
    const username = await binds(ana)
    await change(id, { unbind: true })
    await run(id)
    expect(stage.cognito.users).toMatchObject([{ username, email: ana, enabled: true }])
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
    expect(stage.cognito.user(userA)).toMatchObject({ email: "b@example.com", enabled: true, status: "CONFIRMED" })
    expect(stage.cognito.user(userB)).toMatchObject({ email: "a@example.com", enabled: true, status: "CONFIRMED" })
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
    expect(stage.cognito.user(ana)).toMatchObject({ enabled: true, status: "FORCE_CHANGE_PASSWORD" })
    expect(stage.cognito.user(former).enabled).toBe(true)
    await event(a, ana)
    expect(stage.cognito.snapshot()).toEqual({
      "moved@example.com": signedIn,
      "bea@example.com": "disabled FORCE_CHANGE_PASSWORD",
      [ana]: invited,
    })
  })

  test("is taken from whom an operator made by hand", async () => {
    const id = await aHuman()
    await event(id)
    await binds(ana)
    await stage.pool.invite("anna@example.com")
    await change(id, { email: "anna@example.com" })
    await event(id, ana)
    expect(stage.cognito.snapshot()).toEqual({
      [aside]: "disabled FORCE_CHANGE_PASSWORD",
      "anna@example.com": signedIn,
    })
  })
})

describe("a stranger in the pool", () => {
  test("is disabled by the hour, and neither deleted nor asked for again", async () => {
    await stage.pool.invite("stranger@example.com")
    expect(await all()).toEqual({ checked: 1 })
    expect(stage.cognito.snapshot()).toEqual({ "stranger@example.com": "disabled FORCE_CHANGE_PASSWORD" })
    expect(await all()).toEqual({ checked: 0 })
  })

  test("is who has an account's email beside its own human", async () => {
    const id = await aHuman()
    await event(id)
    const own = await binds(ana)
    Object.assign(stage.cognito.user(own), { email: "wrong@example.com" })
    await stage.pool.invite(ana)
    await all()
    expect(stage.cognito.snapshot()).toEqual({ [ana]: signedIn, [aside]: "disabled FORCE_CHANGE_PASSWORD" })
    expect(stage.cognito.user(ana).username).toBe(own)
  })
})

test("the hour asks Cognito for a list, and by name only for whom it has to change: whom it asks for costs", async () => {
  for (let n = 0; n < 130; n++) await aHuman(`h${n}@example.com`)
  expect(await all()).toEqual({ checked: 130 })
  stage.cognito.calls = []
  expect(await all()).toEqual({ checked: 0 })
  expect(stage.cognito.calls).toEqual(["ListUsers", "ListUsers", "ListUsers"])
  expect(recipients()).toHaveLength(130)
})
