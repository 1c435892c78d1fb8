import { randomUUID } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Role } from "../shared/contract/permissions.ts"
import type { ReviewCheck } from "../shared/contract/review.ts"
import { accountKey, jobKey, tokenKey } from "../shared/store/table.ts"
import { createToken } from "../shared/store/tokens.ts"
import { createUser } from "../shared/store/users.ts"
import { anAdmin } from "./builders.ts"
import { until } from "./infra/local/fixture.ts"
import { type LocalTestStack, startTestStack } from "./local-stack.ts"
import { aService } from "./people.ts"
import { reviewPages } from "./reviews.ts"

/** What the access review asks, over HTTP. */
let stack: LocalTestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

const day = 86_400_000

interface Wanted {
  name?: string
  role?: Role
  purpose?: string
  teams?: string[]
  /** How many days ago it was made. */
  days?: number
}
async function anAccount({ name = `s ${randomUUID()}`, role = "Member", purpose, teams = [], days = 0 }: Wanted = {}) {
  const runtime = stack.runtimeAt(Date.now() - days * day)
  const { user } = await createUser(runtime, anAdmin(), { user_type: "Service", name, role, teams, purpose })
  return user
}
const aToken = ({ user_id }: { user_id: string }, name: string, expiration = "1y", days = 0) =>
  createToken(stack.runtimeAt(Date.now() - days * day), anAdmin(), "all", {
    name,
    type: "Service",
    user_id,
    expiration,
    allowed_cidrs: [],
  })

const itemOf = async ({ id }: { id: number }) =>
  (await reviewPages(stack)).flatMap(({ items }) => items).find(({ user }) => user.id === id)
const checkOf = (checks: ReviewCheck[] | undefined, name: ReviewCheck["check"]) => {
  const { result, evidence } = checks?.find(({ check }) => check === name) ?? {}
  return [result, evidence]
}
const ofAccount = async (account: { id: number }, name: ReviewCheck["check"]) =>
  checkOf((await itemOf(account))?.checks, name)
const ofToken = async (account: { id: number }, id: number, name: ReviewCheck["check"]) =>
  checkOf((await itemOf(account))?.tokens.find(({ token }) => token.id === id)?.checks, name)

describe("the checklist", () => {
  test("asks for a purpose", async () => {
    expect(await ofAccount(await anAccount({ purpose: "nightly loads" }), "documented-purpose")).toEqual([
      "ok",
      "Purpose: nightly loads",
    ])
    expect(await ofAccount(await anAccount(), "documented-purpose")).toEqual(["attention", "No purpose."])
  })

  test("asks for names of tokens that say something", async () => {
    const account = await anAccount()
    const [good, bad] = [await aToken(account, "api-production"), await aToken(account, "Test-2")]
    expect(await ofToken(account, good.id, "clear-token-name")).toEqual(["ok", 'Named "api-production".'])
    expect(await ofToken(account, bad.id, "clear-token-name")).toEqual([
      "attention",
      `Named "Test-2", which doesn't say for what.`,
    ])
  })

  test("asks for a rotation of tokens that are about to expire", async () => {
    const account = await anAccount()
    const check = "no-expiry-without-rotation"
    for (const [expiration, result] of [
      ["30d", "attention"],
      ["31d", "ok"],
    ] as const) {
      const token = await aToken(account, expiration, expiration)
      expect(await ofToken(account, token.id, check)).toEqual([
        result,
        `Expires ${token.expiration}; no rotation is under way.`,
      ])
    }
    const eternal = await aToken(account, "never", "never")
    expect(await ofToken(account, eternal.id, check)).toEqual(["ok", "Never expires."])
    await stack.admin["settings/update"]({ body: { expiring_days: 14 } })
    const token = (await itemOf(account))?.tokens.find(({ token }) => token.name === "30d")
    expect(checkOf(token?.checks, check)[0]).toBe("ok")
    await stack.admin["settings/update"]({ body: { expiring_days: 30 } })
  })

  test("asks for tokens that are used", async () => {
    const account = await anAccount({ days: 100 })
    const old = await aToken(account, "old one", "365d", 91)
    const young = await aToken(account, "young one", "365d", 89)
    const check = "recently-used"
    expect(await ofToken(account, old.id, check)).toEqual(["attention", `Not used yet, made ${old.created_at}.`])
    expect(await ofToken(account, young.id, check)).toEqual(["ok", `Not used yet, made ${young.created_at}.`])
    await stack.as(old.bearer_token)["users/me"]({})
    const lastUsed = async () => (await stack.admin["user-tokens/get"]({ id: old.id })).last_used
    await until(async () => (await lastUsed()) !== null)
    expect(await ofToken(account, old.id, check)).toEqual(["ok", `Last used ${await lastUsed()}.`])
  })

  test("asks for roles that are needed: Admin always, others when nobody makes use of them", async () => {
    const results: Partial<Record<string, unknown>> = {}
    for (const role of ["Member", "Editor", "Manager", "Admin"] as const)
      for (const days of [89, 91])
        results[`${role} ${days}`] = (await ofAccount(await anAccount({ role, days }), "least-privilege"))[0]
    expect(results).toEqual({
      ...{ "Member 89": "ok", "Editor 89": "ok", "Manager 89": "ok", "Admin 89": "attention" },
      ...{ "Member 91": "ok", "Editor 91": "attention", "Manager 91": "attention", "Admin 91": "attention" },
    })
    const editor = await anAccount({ role: "Editor" })
    expect(await ofAccount(editor, "least-privilege")).toEqual([
      "ok",
      `Editor: results:read, datastores:read, resources:write. Not used yet, made ${editor.created_at}.`,
    ])
  })

  test("asks for teams that are there, and not too many", async () => {
    const names = Array.from({ length: 11 }, (_, n) => `Team ${String(n).padStart(2, "0")}`)
    for (const name of names) await stack.admin["teams/create"]({ body: { name } })
    const check = "team-memberships"
    const ten = await anAccount({ teams: names.slice(0, 10) })
    const eleven = await anAccount({ teams: names })
    expect(await ofAccount(ten, check)).toEqual(["ok", `In Public, ${names.slice(0, 10).join(", ")}.`])
    expect(await ofAccount(eleven, check)).toEqual([
      "attention",
      `In Public, ${names.join(", ")}. More than 10 besides Public.`,
    ])
    const { PK, SK } = accountKey(ten.id)
    const row = (await stack.rows.dump()).find((one) => one.PK === PK && one.SK === SK)
    await stack.rows.put({ ...row, PK, SK, teams: ["team_00", "gone"] })
    expect(await ofAccount(ten, check)).toEqual(["attention", "In Public, Team 00, gone. Not there any more: gone."])
    await stack.rows.put({ ...row, PK, SK })
  })

  test("asks for no token without an account, of the integrity check", async () => {
    const ask = async () => {
      const { checks } = await stack.admin["access-review/get"]({ query: { limit: 1 } })
      expect(checks).toHaveLength(1)
      return checkOf(checks, "no-orphaned-tokens")
    }
    expect(await ask()).toEqual(["attention", "No integrity check has been made."])
    await stack.runJob("check-integrity", {})
    expect(await ask()).toEqual(["ok", expect.stringMatching(/^The .* found 0 of \d+ tokens without an account\.$/)])

    const { tokenId } = await aService(stack)
    const row = (await stack.rows.dump()).find(({ PK }) => PK === tokenKey(tokenId).PK)
    const orphan = { ...row, ...tokenKey(1), id: 1, accountId: 1, expirySK: `${row?.expirySK}x` }
    await stack.rows.put(orphan)
    await stack.runJob("check-integrity", {})
    expect(await ask()).toEqual(["attention", expect.stringContaining("found 1 of")])

    const last = (await stack.rows.dump()).find(({ PK }) => PK === jobKey("integrity").PK)
    const finishedAt = Date.now() - 8 * day - 1000
    await stack.rows.put({ ...jobKey("integrity"), ...last, findings: {}, finishedAt })
    expect(await ask()).toEqual(["attention", expect.stringContaining("more than 8 days ago, found 0 of")])
  })

  test("asks nothing of a token that is revoked or has expired, and says so", async () => {
    const account = await anAccount({ days: 100 })
    const [revoked, expired] = [await aToken(account, "1", "30d"), await aToken(account, "2", "7d", 8)]
    await stack.admin["user-tokens/update"]({ id: revoked.id, body: { active: false } })
    const tokens = (await itemOf(account))?.tokens ?? []
    const said = tokens.map(({ token, checks }) => [
      token.id,
      checks.map(({ result, evidence }) => `${result}: ${evidence}`),
    ])
    expect(Object.fromEntries(said)).toEqual({
      [revoked.id]: Array(3).fill("ok: The token is revoked."),
      [expired.id]: Array(3).fill("ok: The token is expired."),
    })
  })
})
