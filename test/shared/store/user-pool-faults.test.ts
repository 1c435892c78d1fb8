import { describe, expect, test } from "vitest"
import { ana, aStage, aside, invited } from "./user-pool-stage.ts"

const stage = aStage()
const { aHuman, change, event, all, binds, deleted, purged, recipients } = stage

describe("F4 events in another order", () => {
  test("come to what the table says", async () => {
    const id = await aHuman()
    await change(id, { active: false })
    await change(id, { active: true, email: "anna@example.com" })
    // The newest first: created, deactivated, reactivated and updated tell the same account each time.
    for (const former of [ana, undefined, undefined, undefined]) await event(id, former)
    expect(stage.cognito.snapshot()).toEqual({ "anna@example.com": invited })
    expect(recipients()).toEqual(["anna@example.com"])
  })

  test("a late event of a deactivation changes nothing for who is active again", async () => {
    const id = await aHuman()
    await event(id)
    const username = await binds(ana)
    await change(id, { active: false })
    await change(id, { active: true })
    await event(id)
    expect(stage.cognito.users).toMatchObject([{ username, enabled: true, signedIn: true }])
  })

  test("two at once invite once", async () => {
    const id = await aHuman()
    await Promise.all([event(id), event(id), all(), event(id)])
    expect(stage.cognito.snapshot()).toEqual({ [ana]: invited })
    expect(recipients()).toEqual([ana])
  })
})

/** The first call of an operation, before or after it has had its effect. */
function stoppedOnce(when: "before" | "after", operation: string, error = new Error("InternalErrorException")) {
  let left = operation === "AdminCreateUser" || error.message === "gone" ? 1 : 3
  stage.cognito[when] = (called) => {
    if (called !== operation || left === 0) return
    left -= 1
    throw error
  }
}

describe("F4 a run that ends in the middle", () => {
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
    expect(stage.cognito.users).toMatchObject([{ email, enabled, signedIn: enabled }])
  })

  test.each(["before", "after"] as const)("%s an invitation throws, and in the end there is one", async (when) => {
    const id = await aHuman()
    stoppedOnce(when, "AdminCreateUser")
    await expect(event(id)).rejects.toThrow("about")
    await event(id)
    expect(stage.cognito.snapshot()).toEqual({ [ana]: invited })
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
    expect(stage.cognito.snapshot()).toEqual({ [aside]: "disabled FORCE_CHANGE_PASSWORD" })
    await event(second)
    expect(stage.cognito.user(ana).enabled).toBe(true)
  })
})

describe("a Cognito that won't", () => {
  test.each(["TooManyRequestsException", "ResourceNotFoundException"])("%s: the run throws at once", async (name) => {
    await aHuman("a@example.com")
    await aHuman("b@example.com")
    stage.cognito.before = (operation) => {
      if (operation === "AdminGetUser") throw stage.cognito.refused(name)
    }
    await expect(all()).rejects.toMatchObject({ name })
    expect(new Set(stage.cognito.calls.slice(1)).size).toBe(1)
    stage.cognito.before = () => {}
    await all()
    expect(recipients().sort()).toEqual(["a@example.com", "b@example.com"])
  })

  test.each(["LimitExceededException", "CodeDeliveryFailureException"])(
    "%s: who was made and not told is no invited one, and the next run invites them",
    async (name) => {
      const id = await aHuman()
      stage.cognito.before = (operation) => {
        if (operation === "mail") throw stage.cognito.refused(name)
      }
      await expect(event(id)).rejects.toMatchObject({ name: "PoolRefusal", message: name })
      expect(stage.cognito.snapshot()).toEqual({ [ana]: "disabled FORCE_CHANGE_PASSWORD" })
      stage.cognito.before = () => {}
      await event(id)
      expect(stage.cognito.snapshot()).toEqual({ [aside]: "disabled FORCE_CHANGE_PASSWORD", [ana]: invited })
      expect(recipients()).toEqual([ana])
    },
  )

  test("one human: the others don't wait for it, and the run fails in the end, naming the account", async () => {
    const id = await aHuman("a@example.com")
    await aHuman("b@example.com")
    await stage.pool.invite("stranger@example.com")
    stage.cognito.mails = []
    let first = true
    stage.cognito.before = (operation) => {
      if (operation !== "mail" || recipients().includes("b@example.com") || !first) return
      first = false
      throw stage.cognito.refused("LimitExceededException")
    }
    await expect(all()).rejects.toThrow("Cognito refused to put 1 of 3 right")
    expect(stage.cognito.user("stranger@example.com").enabled).toBe(false)
    expect(stage.cognito.mails).toHaveLength(1)
    const [line] = stage.runtime.lines.filter(({ event: name }) => name === "user-pool.refused")
    expect(line).toMatchObject({ why: "LimitExceededException", accountId: expect.any(Number) })
    stage.cognito.before = () => {}
    await all()
    expect(recipients().sort()).toEqual(["a@example.com", "b@example.com"])
    expect(id).toBeGreaterThan(0)
  })
})
