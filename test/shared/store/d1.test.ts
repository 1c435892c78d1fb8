// Long because it is one drill: all that a restored table could bring back to life.
import { beforeEach, describe, expect, test } from "vitest"
import { type Role, roles } from "../../../shared/contract/permissions.ts"
import { emailKeyOf } from "../../../shared/store/accounts.ts"
import { deleteUser, purgeDeletedAccounts } from "../../../shared/store/deletion.ts"
import { applyExpiryPolicy } from "../../../shared/store/expiry-policy.ts"
import { updateSettings } from "../../../shared/store/policy.ts"
import { type Replayed, replay, revokeEverything } from "../../../shared/store/replay.ts"
import { signIn, signOut } from "../../../shared/store/sign-in.ts"
import {
  type AccountItem,
  type AuditItem,
  type IdentityItem,
  type TeamItem,
  type TokenItem,
  tokenKey,
} from "../../../shared/store/table.ts"
import { createTeam, deleteTeam } from "../../../shared/store/team-list.ts"
import { deleteToken, type IssuedToken, updateToken } from "../../../shared/store/tokens.ts"
import { createUser, revokeTokens, updateUser } from "../../../shared/store/users.ts"
import { tokenIdIn } from "../../../shared/token/format.ts"
import { anAdmin } from "../../builders.ts"
import { anAccount, lambdaOn } from "../../races/accounts.ts"
import { rotationsOn } from "../../races/rotations.ts"
import { verifier } from "../../races/verifier.ts"
import { many, timeout } from "../../rounds.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

/**
 * D1: a table as it was at one instant, and all that happened after it. Restored, it must let nobody in whom the lost one
 * would have refused, nor give back a role or a team.
 */
const each = many(10)
let lost: TestTable
let restored: TestTable
/** The instant of the restore. */
let since: number
beforeEach(async () => {
  lost = await createTestTable()
  restored = await createTestTable()
})

const snapshot = async () => {
  since = Date.now()
  for (const row of await lost.dump()) await restored.put(row)
}
const isEvent = ({ PK }: { PK: string }) => PK.startsWith("AUD#")
const archive = async () =>
  ((await lost.dump()).filter(isEvent) as unknown as AuditItem[]).sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
const accepts = async (on: TestTable, token: Pick<IssuedToken, "bearer_token">) =>
  (await verifier(on, token.bearer_token)()) === "accepted"

describe("D1 a restored table", () => {
  const words = [
    "revoked",
    "compromised",
    "networks",
    "deleted",
    "all",
    "inactive",
    "demoted",
    "teamless",
    "gone",
    "rotated",
  ] as const
  type Word = (typeof words)[number]
  const made = {} as Record<Word, Awaited<ReturnType<typeof anAccount>>[]>

  async function populate(): Promise<void> {
    await createTeam(lambdaOn(lost), anAdmin(), { name: "Lost" })
    for (const word of words) {
      made[word] = []
      for (let n = 0; n < each; n++) {
        const account = await anAccount(lost, `${word} ${n}`, 2)
        const body = { role: "Manager" as const, teams: ["Lost"] }
        await updateUser(lambdaOn(lost), anAdmin(), account.user.id, body, undefined)
        made[word].push(account)
        // Its new secret waits when the snapshot is taken.
        if (word === "rotated") account.tokens.push(await rotationsOn(lost).rotate(account.tokens[0]?.id as number))
      }
    }
  }

  async function narrow(): Promise<void> {
    const runtime = lambdaOn(lost)
    const [admin, every] = [anAdmin(), "all"] as const
    for (let n = 0; n < each; n++) {
      const of = (word: Word) => made[word][n] as NonNullable<(typeof made)[Word][number]>
      const first = (word: Word) => of(word).tokens[0]?.id as number
      await updateToken(runtime, admin, every, first("revoked"), { active: false })
      await updateToken(runtime, admin, every, first("compromised"), { active: false, compromised: true })
      await updateToken(runtime, admin, every, first("networks"), { allowed_cidrs: ["198.51.100.0/24"] })
      await updateToken(runtime, admin, every, first("deleted"), { active: false })
      await deleteToken(runtime, admin, every, first("deleted"), undefined)
      await revokeTokens(runtime, admin, of("all").user.id, { compromised: n % 2 === 0 })
      await updateUser(runtime, admin, of("inactive").user.id, { active: false }, undefined)
      await updateUser(runtime, admin, of("demoted").user.id, { role: "Member" }, undefined)
      await updateUser(runtime, admin, of("teamless").user.id, { teams: [] }, undefined)
      await updateUser(runtime, admin, of("gone").user.id, { active: false }, undefined)
      await deleteUser(runtime, admin, of("gone").user.id, undefined)
      const [rotated] = of("rotated").tokens as [IssuedToken]
      await rotationsOn(lost).used(rotated, 2)
      await rotationsOn(lost).complete(rotated.id)
    }
    await purgeDeletedAccounts(runtime, admin)
  }

  const tokens = () => words.flatMap((word) => made[word].flatMap((account) => account.tokens))
  const resurrected = async () => {
    const found: IssuedToken[] = []
    for (const token of tokens())
      if ((await accepts(restored, token)) && !(await accepts(lost, token))) found.push(token)
    return found
  }

  test("resurrects nothing that was revoked, deactivated or deleted after its instant", {
    timeout: timeout(120_000),
  }, async () => {
    await populate()
    await snapshot()
    await narrow()
    // What there is to lose: the token of each that was narrowed, or both.
    expect((await resurrected()).length).toBe(each * (4 + 2 + 2 + 2 + 1))

    const events = await archive()
    const before = await restored.dump()
    const planned = await replay(lambdaOn(restored), events, since, false)
    expect(await restored.dump()).toEqual(before)
    const done = await replay(lambdaOn(restored), events, since, true)
    expect(done.map(inWords)).toEqual(planned.map(inWords))
    expect(await resurrected()).toEqual([])

    // What nobody narrowed still works.
    for (const word of ["revoked", "compromised", "networks", "deleted", "demoted", "teamless", "rotated"] as const)
      for (const { tokens } of made[word]) expect(await accepts(restored, tokens[1] as IssuedToken)).toBe(true)
    const rows = await accountsOf(restored)
    for (const account of (await accountsOf(lost)).values()) {
      const again = rows.get(account.id) as AccountItem
      expect(roles.indexOf(again.role as Role)).toBeLessThanOrEqual(roles.indexOf(account.role))
      expect(account.teams).toEqual(expect.arrayContaining(again.teams))
    }
    // A compromised token stays one.
    const [compromised] = made.compromised.flatMap((account) => account.tokens)
    await expect(
      updateToken(lambdaOn(restored), anAdmin(), "all", compromised?.id as number, { active: true }),
    ).rejects.toMatchObject({ code: "token-compromised" })

    await purgeDeletedAccounts(lambdaOn(restored), anAdmin())
    for (const { user } of made.gone) expect((await accountsOf(restored)).has(user.id)).toBe(false)
    expect(await orphans(restored)).toEqual([])
    const [team] = (await restored.dump()).filter(({ PK }) => PK === "TEAM#lost") as unknown as TeamItem[]
    expect(team?.uses).toBe(each * (words.length - 2))
  })

  test("may have had an event of its last minute, and not what that tells of: it is done again", {
    timeout: timeout(120_000),
  }, async () => {
    await populate()
    await snapshot()
    await narrow()
    for (const row of (await lost.dump()).filter(isEvent)) await restored.put(row)
    expect((await resurrected()).length).toBeGreaterThan(0)
    const events = await archive()
    const done = await replay(lambdaOn(restored), events, since, true)
    expect(done.every(({ inTrail, effect }) => inTrail && effect !== undefined)).toBe(true)
    expect(await resurrected()).toEqual([])
    // Each is in the trail once more, as of now, beside itself.
    const trail = (await restored.dump()).filter(isEvent) as unknown as AuditItem[]
    const what = ({ action, subject }: AuditItem) => `${action} ${subject.id} ${subject.handle}`
    const again = trail.filter(({ replayedAt }) => replayedAt !== undefined)
    expect(again.map(what).sort()).toEqual(done.map(({ event }) => what(event)).sort())
    expect(trail).toHaveLength(events.length + done.length)
  })

  test("has had in whole what happened more than a minute before its instant", async () => {
    await populateOne()
    for (const row of (await lost.dump()).filter(isEvent)) await restored.put(row)
    const events = (await archive()).filter(({ action }) => action === "token.revoked")
    const minuteAfter = (events[0]?.at as number) + 60_000
    expect(await replay(lambdaOn(restored), events, minuteAfter + 1, true)).toEqual([])
    expect(await replay(lambdaOn(restored), events, minuteAfter, true)).toHaveLength(1)
  })

  test("has had in whole what a replay has put into it", async () => {
    const { tokens, user } = await anAccount(lost, "twice", 1)
    await snapshot()
    await revokeTokens(lambdaOn(lost), anAdmin(), user.id, { compromised: false })
    const events = await archive()
    expect(await replay(lambdaOn(restored), events, since, true)).toHaveLength(1)
    const again = await updateToken(lambdaOn(restored), anAdmin(), "all", tokens[0]?.id as number, { active: true })
    expect(again.status).toBe("active")
    expect(await replay(lambdaOn(restored), events, since, true)).toEqual([])
  })

  test("has the trail that was lost, each event once, also after a second replay", async () => {
    await populateOne()
    const events = await archive()
    await replay(lambdaOn(restored), events, since, true)
    expect(await replay(lambdaOn(restored), events, since, true)).toEqual([])
    const trail = ((await restored.dump()).filter(isEvent) as unknown as AuditItem[]).map(({ id }) => id)
    expect(trail.toSorted()).toEqual(events.map(({ id }) => id).toSorted())
  })

  test("is given nothing: what widened is in the trail, and left to people", async () => {
    const { user, tokens } = await populateOne()
    const runtime = lambdaOn(lost)
    await updateToken(runtime, anAdmin(), "all", tokens[0]?.id as number, { active: true })
    await updateUser(runtime, anAdmin(), user.id, { role: "Admin", active: true }, undefined)
    const done = await replay(lambdaOn(restored), await archive(), since, true)
    expect(done.filter(({ effect }) => effect).map(({ event }) => event.action)).toEqual([
      "token.revoked",
      "account.deactivated",
    ])
    const [account] = (await accountsOf(restored)).values()
    expect(account).toMatchObject({ role: "Member", state: "INACTIVE" })
    expect(await accepts(restored, tokens[0] as IssuedToken)).toBe(false)
  })

  test("ends a token no later than the policy had it end", async () => {
    const { tokens } = await anAccount(lost, "long", 1)
    await snapshot()
    const runtime = lambdaOn(lost)
    const id = tokens[0]?.id as number
    const expiryOn = async (on: TestTable) => (await on.table.get<TokenItem>(tokenKey(id)))?.expiresAt as number
    const before = await expiryOn(restored)
    for (const max_expiry_days of [3, 2]) {
      await updateSettings(runtime, anAdmin(), { max_expiry_days }, undefined)
      expect(await applyExpiryPolicy(runtime, anAdmin())).toBe(1)
    }
    const ends = (await archive()).filter(({ action }) => action === "token.updated")
    // The earlier end first: the later one that comes then changes nothing.
    ends.sort((a, b) => Date.parse(a.after.expiration as string) - Date.parse(b.after.expiration as string))
    const done = await replay(lambdaOn(restored), ends, since, true)
    expect(done.map(({ effect }) => effect?.slice(0, 5))).toEqual(["ends ", undefined])
    expect(await expiryOn(restored)).toBe(await expiryOn(lost))
    expect(await expiryOn(restored)).toBeLessThan(before)
  })

  test("gives no old secret back to life: of a rotation that was all after its instant, completed, or aborted", async () => {
    const { tokens } = await anAccount(lost, "rotated", 3)
    const [whole, completed, aborted] = tokens as [IssuedToken, IssuedToken, IssuedToken]
    const { rotate, used, complete, abort } = rotationsOn(lost)
    const next = await rotate(completed.id)
    const leaked = await rotate(aborted.id)
    await snapshot()
    await rotate(whole.id)
    await used(whole, 2)
    await used(completed, 2)
    await complete(completed.id)
    await abort(aborted.id)
    expect(await Promise.all([whole, completed, next, leaked, aborted].map((one) => accepts(restored, one)))).toEqual([
      true,
      true,
      true,
      true,
      true,
    ])
    const events = await archive()
    await replay(lambdaOn(restored), events, since, true)
    // The first one's new secret is in no archive; the second one's was waiting.
    expect(await Promise.all([whole, completed, next, leaked, aborted].map((one) => accepts(restored, one)))).toEqual([
      false,
      false,
      true,
      false,
      true,
    ])
    expect(await replay(lambdaOn(restored), events, since, true)).toEqual([])
  })

  test("binds nobody whom an administrator has unbound since, in the same change as another or not, and ends no less than then", async () => {
    const runtime = lambdaOn(lost)
    const enter = async (name: string) => {
      const email = `${name}@example.com`
      const human = { user_type: "User" as const, name, role: "Editor" as const, teams: [], email }
      const { user } = await createUser(runtime, anAdmin(), human)
      const identity = { issuer: "https://issuer.example.com", subject: name, email, tokenHash: name }
      const { bearer_token } = await signIn(runtime, anAdmin(), { identity })
      return { id: user.id, bearer_token }
    }
    const [unbound, demoted, kept] = [await enter("unbound"), await enter("demoted"), await enter("kept")]
    await snapshot()
    await updateUser(runtime, anAdmin(), unbound.id, { unbind: true }, undefined)
    await updateUser(runtime, anAdmin(), demoted.id, { unbind: true, role: "Member" }, undefined)
    const handle = kept.bearer_token.slice(0, 25)
    await signOut(runtime, anAdmin({ accountId: kept.id, tokenId: tokenIdIn(handle), handle }), undefined)
    await replay(lambdaOn(restored), await archive(), since, true)
    const bound = (await restored.dump()).filter(({ PK }) => PK.startsWith("SUB#"))
    expect(bound.map(({ accountId }) => accountId)).toEqual([kept.id])
    const rows = await accountsOf(restored)
    const shown = [unbound, demoted, kept].map(({ id }) => [rows.get(id)?.binding?.subject, rows.get(id)?.role])
    expect(shown).toEqual([
      [undefined, "Editor"],
      [undefined, "Member"],
      ["kept", "Editor"],
    ])
    // A session that was ended since stays so.
    expect(await accepts(restored, kept)).toBe(false)
    expect(await accepts(restored, unbound)).toBe(true)
  })

  test("lets nobody sign in as a human who has signed in since, or whose email has changed, but who could in the end", async () => {
    const runtime = lambdaOn(lost)
    const human = async (name: string) =>
      (
        await createUser(runtime, anAdmin(), {
          ...{ user_type: "User" as const, name, role: "Admin" as const, teams: [], email: `${name}@example.com` },
        })
      ).user
    const enter = (on: TestTable, subject: string, email: string) =>
      signIn(lambdaOn(on), anAdmin(), {
        identity: { issuer: "https://issuer.example.com", subject, email, tokenHash: `${subject} ${email}` },
      }).then(
        ({ user }) => user.id,
        ({ code }) => code,
      )
    const [ana, bea, cleo] = [await human("ana"), await human("bea"), await human("cleo")]
    await snapshot()
    await enter(lost, "ana's", "ana@example.com")
    await updateUser(runtime, anAdmin(), bea.id, { email: "bee@example.com" }, undefined)
    // The archive is in the order of time.
    runtime.clock.advance(1)
    await updateUser(runtime, anAdmin(), cleo.id, { email: "bea@example.com" }, undefined)
    const events = await archive()
    await replay(lambdaOn(restored), events, since, true)
    expect(await replay(lambdaOn(restored), events, since, true)).toEqual([])
    for (const on of [lost, restored])
      expect([
        await enter(on, "eve", "ana@example.com"),
        await enter(on, "eve", "cleo@example.com"),
        await enter(on, "ana's", "ana@example.org"),
        await enter(on, "cleo's", "bea@example.com"),
        await enter(on, "bea's", "bee@example.com"),
      ]).toEqual(["sign-in-refused", "sign-in-refused", ana.id, cleo.id, bea.id])
  })

  test("gives an email to whom it was given after its human was deleted, and the purge leaves it there", async () => {
    const runtime = lambdaOn(lost)
    const body = { user_type: "User" as const, role: "Editor" as const, teams: [] }
    const [first, second] = [
      (await createUser(runtime, anAdmin(), { ...body, name: "First", email: "shared@example.com" })).user,
      (await createUser(runtime, anAdmin(), { ...body, name: "Second", email: "second@example.com" })).user,
    ]
    await snapshot()
    await updateUser(runtime, anAdmin(), first.id, { active: false }, undefined)
    await deleteUser(runtime, anAdmin(), first.id, undefined)
    await purgeDeletedAccounts(runtime, anAdmin())
    runtime.clock.advance(1)
    await updateUser(runtime, anAdmin(), second.id, { email: "shared@example.com" }, undefined)
    const after = lambdaOn(restored)
    await replay(after, await archive(), since, true)
    await purgeDeletedAccounts(after, anAdmin())
    const holder = await after.table.get<IdentityItem>(emailKeyOf("shared@example.com"))
    expect(holder?.accountId).toBe(second.id)
    const third = createUser(after, anAdmin(), { ...body, name: "Third", email: "shared@example.com" })
    await expect(third).rejects.toMatchObject({ code: "email-taken" })
    await updateUser(after, anAdmin(), second.id, { email: "other@example.com" }, undefined)
    expect(await after.table.get(emailKeyOf("shared@example.com"))).toBeUndefined()
  })

  test("binds who has signed in as somebody deleted before, whom the purge then takes with no binding", async () => {
    const runtime = lambdaOn(lost)
    const body = { user_type: "User" as const, role: "Editor" as const, teams: [] }
    const human = async (name: string) =>
      (await createUser(runtime, anAdmin(), { ...body, name, email: `${name}@example.com` })).user
    const enter = (on: TestTable, subject: string, email: string, tokenHash = `${subject} ${email}`) => {
      const identity = { issuer: "https://issuer.example.com", subject, email, tokenHash }
      const later = lambdaOn(on)
      // The archive is in the order of time.
      later.clock.advance(1000)
      return signIn(later, anAdmin(), { identity }).then(
        ({ user }) => user.id,
        ({ code }) => code,
      )
    }
    const [first, second] = [await human("first"), await human("second")]
    await enter(lost, "person", "first@example.com")
    await snapshot()
    await updateUser(runtime, anAdmin(), first.id, { active: false }, undefined)
    await deleteUser(runtime, anAdmin(), first.id, undefined)
    await purgeDeletedAccounts(runtime, anAdmin())
    expect(await enter(lost, "person", "second@example.com")).toBe(second.id)
    await replay(lambdaOn(restored), await archive(), since, true)
    expect(await purgeDeletedAccounts(lambdaOn(restored), anAdmin())).toBe(1)
    for (const on of [lost, restored]) {
      expect(await enter(on, "other", "second@example.com")).toBe("sign-in-refused")
      expect(await enter(on, "person", "second@example.com", "another")).toBe(second.id)
    }
  })

  test("loses its last administrator, too, when that one was demoted", async () => {
    const runtime = lambdaOn(lost)
    const human = { user_type: "User" as const, name: "A", role: "Admin" as const, teams: [] }
    const { user } = await createUser(runtime, anAdmin(), { ...human, email: "one@example.com" })
    await restored.put({ PK: "SET", SK: "admins", count: 1 })
    await lost.put({ PK: "SET", SK: "admins", count: 1 })
    await snapshot()
    await createUser(runtime, anAdmin(), { ...human, email: "two@example.com" })
    await updateUser(runtime, anAdmin(), user.id, { role: "Member" }, undefined)
    await replay(lambdaOn(restored), await archive(), since, true)
    expect((await accountsOf(restored)).get(user.id)?.role).toBe("Member")
    expect((await restored.dump()).find(({ PK }) => PK === "SET")?.count).toBe(0)
  })

  test("without a complete archive lets no token in at all, and says so in the trail of each account", async () => {
    const { user, tokens } = await anAccount(lost, "any", 2)
    await snapshot()
    expect(await revokeEverything(lambdaOn(restored), anAdmin(), false)).toBe(1)
    expect(await accepts(restored, tokens[0] as IssuedToken)).toBe(true)
    expect(await revokeEverything(lambdaOn(restored), anAdmin(), true)).toBe(1)
    for (const token of tokens) expect(await accepts(restored, token)).toBe(false)
    const trail = (await restored.dump()).filter(isEvent) as unknown as AuditItem[]
    expect(trail.find(({ action }) => action === "account.tokens-revoked")).toMatchObject({
      subject: { id: user.id },
      reason: "restored without a complete audit archive",
    })
  })

  test("keeps a team that somebody is in, and loses one that nobody is", async () => {
    const runtime = lambdaOn(lost)
    await createTeam(runtime, anAdmin(), { name: "Empty" })
    await snapshot()
    await deleteTeam(runtime, anAdmin(), "empty", undefined)
    await replay(lambdaOn(restored), await archive(), since, true)
    expect((await restored.dump()).some(({ PK }) => PK === "TEAM#empty")).toBe(false)
  })

  /** One account whose token was revoked and which was deactivated after the snapshot. */
  async function populateOne() {
    const account = await anAccount(lost, "one", 1)
    await snapshot()
    await updateToken(lambdaOn(lost), anAdmin(), "all", account.tokens[0]?.id as number, { active: false })
    await updateUser(lambdaOn(lost), anAdmin(), account.user.id, { active: false }, undefined)
    await updateUser(lambdaOn(lost), anAdmin(), account.user.id, { active: true }, undefined)
    return account
  }
})

const inWords = ({ event, effect }: Replayed) => `${event.id}: ${effect}`

async function accountsOf(on: TestTable): Promise<Map<number, AccountItem>> {
  const rows = (await on.dump()).filter(({ PK, SK }) => PK.startsWith("ACC#") && SK === "A")
  return new Map((rows as unknown as AccountItem[]).map((row) => [row.id, row]))
}

/** Tokens without their account, or without the guard of their name; guards without their token. */
async function orphans(on: TestTable): Promise<string[]> {
  const rows = await on.dump()
  const keys = new Set(rows.map(({ PK, SK }) => `${PK} ${SK}`))
  const accounts = await accountsOf(on)
  return rows.flatMap((row) => {
    if (row.PK.startsWith("TOK#")) return accounts.has(row.accountId as number) ? [] : [row.PK]
    if (row.SK.startsWith("TN#"))
      return keys.has(`${tokenKey(row.tokenId as number).PK} T`) ? [] : [`${row.PK} ${row.SK}`]
    return []
  })
}
