import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import type { PoolUser, UserPool } from "../../shared/store/pool-user.ts"
import { PoolRefusal, Undelivered } from "../../shared/store/pool-user.ts"
import { type FakeCognito, startFakeCognito } from "../fake-cognito.ts"

let cognito: FakeCognito
let pool: UserPool
let stop: () => void
beforeAll(async () => {
  ;({ cognito, pool, stop } = await startFakeCognito())
})
afterAll(() => stop())
beforeEach(() => {
  Object.assign(cognito, { users: [], mails: [], calls: [], before: () => {}, after: () => {} })
})
const refusing = (operation: string, name: string) => {
  cognito.before = (called) => {
    if (called === operation) throw cognito.refused(name)
  }
}

test("an invitation is tried once; anything else, three times", async () => {
  refusing("AdminCreateUser", "TooManyRequestsException")
  await expect(pool.invite("ana@example.com")).rejects.toMatchObject({ name: "TooManyRequestsException" })
  expect(cognito.calls).toEqual(["AdminCreateUser ana@example.com"])
  refusing("AdminEnableUser", "TooManyRequestsException")
  await expect(pool.enable("ana@example.com")).rejects.toMatchObject({ name: "TooManyRequestsException" })
  expect(cognito.calls.slice(1)).toEqual(Array(3).fill("AdminEnableUser ana@example.com"))
})

test.each([
  ["CodeDeliveryFailureException", Undelivered],
  ["LimitExceededException", Undelivered],
  ["InvalidParameterException", PoolRefusal],
])("%s of an invitation is about this one, and says no more than its name", async (name, type) => {
  refusing("AdminCreateUser", name)
  const error = await pool.invite("ana@example.com").catch((thrown) => thrown)
  expect(error).toBeInstanceOf(type)
  expect([error.message, error.cause]).toEqual([name, undefined])
})

test.each(["changeEmail", "enable", "disable", "signOut"] as const)(
  "%s of who isn't there is about this one, and what is about everyone isn't",
  async (act) => {
    await expect(pool[act]("nobody", "a@example.com")).rejects.toThrow(PoolRefusal)
    cognito.before = () => {
      throw cognito.refused("NotAuthorizedException")
    }
    await expect(pool[act]("nobody", "a@example.com")).rejects.toMatchObject({ name: "NotAuthorizedException" })
  },
)

test("finds a user by username and by email, and knows what is none", async () => {
  await pool.invite("ana@example.com")
  const found = await pool.find("ana@example.com")
  expect(found).toEqual({ username: cognito.users[0]?.username, email: "ana@example.com", enabled: true })
  expect(await pool.find(found?.username ?? "")).toEqual(found)
  expect(await pool.find("nobody@example.com")).toBeUndefined()
})

test("lists all of them, sixty at once, with emails as accounts have them", async () => {
  for (let n = 0; n < 61; n++) await pool.invite(`h${n}@example.com`)
  Object.assign(cognito.users[60] ?? {}, { email: "H60@Example.com" })
  const pages: PoolUser[][] = []
  for await (const page of pool.pages()) pages.push(page)
  expect(pages.map((page) => page.length)).toEqual([60, 1])
  expect(pages[1]?.[0]?.email).toBe("h60@example.com")
})
