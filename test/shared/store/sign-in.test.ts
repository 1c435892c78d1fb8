// Long because every way in, and out, is held here side by side.
import { createHash, randomUUID } from "node:crypto"
import { beforeEach, describe, expect, test } from "vitest"
import type { Role } from "../../../shared/contract/permissions.ts"
import type { SignInRefusal } from "../../../shared/contract/sign-in.ts"
import { subjectKeyOf } from "../../../shared/store/accounts.ts"
import { system } from "../../../shared/store/audit.ts"
import { deleteUser, purgeDeletedAccounts } from "../../../shared/store/deletion.ts"
import { type ProvenIdentity, signIn, signOut } from "../../../shared/store/sign-in.ts"
import {
  type AccountItem,
  type AuditItem,
  accountKey,
  type SessionItem,
  type TokenItem,
  tokenKey,
} from "../../../shared/store/table.ts"
import { createUser, revokeTokens, updateUser } from "../../../shared/store/users.ts"
import { parseUnverified, tokenIdIn } from "../../../shared/token/format.ts"
import { anAdmin } from "../../builders.ts"
import { measuredIn } from "../../emf.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../../fakes.ts"
import { judge, wordOf } from "../../judge.ts"
import { holdsPartOf } from "../../secret-windows.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

/** What an ID token that was verified is exchanged for, and who gets nothing. */
let table: TestTable
let runtime: FakeRuntime
beforeEach(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table, frozenClock())
})

const origin = { clientAddress: "203.0.113.7", userAgent: "test", requestId: "request" }
const issuer = "https://issuer.example.com"
const identity = (over: Partial<ProvenIdentity> = {}): ProvenIdentity => ({
  issuer,
  subject: "ana",
  email: "ana@example.com",
  tokenHash: createHash("sha256").update(randomUUID()).digest("hex"),
  ...over,
})
const enter = (over: Partial<ProvenIdentity> = {}) => signIn(runtime, origin, { identity: identity(over) })
const human = async (email = "ana@example.com", role: Role = "Editor") =>
  (await createUser(runtime, anAdmin(), { user_type: "User", name: "Ana", email, role, teams: [] })).user
const change = (id: number, changes: Parameters<typeof updateUser>[3]) =>
  updateUser(runtime, anAdmin(), id, changes, undefined)

const trail = async () => ((await table.dump()) as unknown as AuditItem[]).filter(({ PK }) => PK.startsWith("AUD#"))
/** What is in the trail since. */
async function during(attempt: () => Promise<unknown>): Promise<AuditItem[]> {
  const before = new Set((await trail()).map(({ id }) => id))
  await attempt()
  return (await trail()).filter(({ id }) => !before.has(id))
}
const sessions = async () =>
  ((await table.dump()) as unknown as SessionItem[]).filter(({ type }) => String(type) === "Session")
/** Refused, and the trail's event of it: the caller's problem has no reason. */
async function refusal(attempt: () => Promise<unknown>): Promise<AuditItem> {
  const [event, ...others] = await during(async () => {
    const error = await attempt().then(
      () => new Error("signed in"),
      (thrown) => thrown,
    )
    expect([error.code, error.extras]).toEqual(["sign-in-refused", {}])
  })
  expect([event?.action, others]).toEqual(["account.sign-in-refused", []])
  return event as AuditItem
}
const refused = async (attempt: () => Promise<unknown>) => (await refusal(attempt)).after.reason as SignInRefusal

/** How the authorizer takes it, now. */
async function standing(bearerToken: string): Promise<string> {
  const { accountId, tokenId } = parseUnverified(bearerToken) as { accountId: number; tokenId: number }
  const token = await table.table.get<TokenItem>(tokenKey(tokenId))
  const account = await table.table.get<AccountItem>(accountKey(accountId))
  return wordOf(judge(bearerToken, token, account, runtime.now()))
}

describe("a session", () => {
  test("is what a human's verified email is exchanged for, and ends after eight hours", async () => {
    const { id } = await human()
    const answer = await enter()
    expect(answer).toMatchObject({
      bearer_token: expect.stringMatching(/^symses_/),
      expiration: "2026-11-23T20:00:00Z",
      user: { id, user_id: "ana@example.com", role: "Editor", bound: true },
    })
    const account = await table.table.get(accountKey(id))
    expect(await standing(answer.bearer_token)).toBe("current")
    runtime.clock.set("2026-11-23T19:59:59.999Z")
    expect(await standing(answer.bearer_token)).toBe("current")
    runtime.clock.set("2026-11-23T20:00:00Z")
    expect(await standing(answer.bearer_token)).toBe("token-expired")
    // No name guard, not counted, in no index; DynamoDB forgets it at its end.
    const [row] = await sessions()
    expect(Object.keys(row ?? {}).sort()).toEqual(
      [
        ...["PK", "SK", "accountId", "createdAt", "createdById", "current", "epoch", "expiresAt", "id", "name"],
        ...["networks", "state", "ttl", "type", "version"],
      ].sort(),
    )
    expect(row?.ttl).toBe(Date.parse("2026-11-23T20:00:00Z") / 1000)
    expect(account).toMatchObject({ tokens: 0, binding: { issuer, subject: "ana" } })
    expect((await table.dump()).filter(({ SK }) => SK.startsWith("TN#"))).toEqual([])
  })

  test("leaves its event, with the human as who did it, and nothing of its secret anywhere", async () => {
    const { id } = await human()
    let bearer_token = ""
    const [first] = await during(async () => {
      bearer_token = (await enter()).bearer_token
    })
    const handle = bearer_token.slice(0, 25)
    expect(first).toMatchObject({
      action: "account.signed-in",
      actor: { id, userId: "ana@example.com", handle },
      subject: { id, userId: "ana@example.com", handle },
      ip: "203.0.113.7",
      userAgent: "test",
      requestId: "request",
      before: {},
      after: { expiration: "2026-11-23T20:00:00Z", binding: { issuer, subject: "ana" } },
    })
    const [second] = await during(enter)
    expect(second?.after).toEqual({ expiration: "2026-11-23T20:00:00Z" })
    const seen = JSON.stringify(await table.dump()) + JSON.stringify(runtime.lines)
    const secret = bearer_token.slice(26)
    expect(holdsPartOf(secret, seen)).toBe(false)
  })

  test("is one of several, and each is ended by itself, by its human's deactivation, or with all tokens", async () => {
    const { id } = await human()
    const [laptop, desktop] = [await enter(), await enter()]
    const both = () => Promise.all([laptop, desktop].map(({ bearer_token }) => standing(bearer_token)))
    const handle = laptop.bearer_token.slice(0, 25)
    const caller = anAdmin({ accountId: id, userId: "ana@example.com", tokenId: tokenIdIn(handle), handle })
    const [event] = await during(() => signOut(runtime, caller, "done for today"))
    expect(await both()).toEqual(["token-revoked", "current"])
    expect(event).toMatchObject({
      action: "token.revoked",
      subject: { id, handle },
      reason: "done for today",
      before: { active: true },
      after: { active: false },
    })
    expect(await during(() => signOut(runtime, caller, undefined))).toEqual([])
    await change(id, { active: false })
    expect(await both()).toEqual(["token-revoked", "account-inactive"])
    await change(id, { active: true })
    expect(await both()).toEqual(["token-revoked", "current"])
    await revokeTokens(runtime, anAdmin(), id, { compromised: false })
    expect(await both()).toEqual(["token-revoked", "token-revoked"])
    expect(await standing((await enter()).bearer_token)).toBe("current")
  })

  test("is not what another token's sign-out ends", async () => {
    for (const tokenId of [2, 3]) {
      if (tokenId === 3) await table.put({ ...tokenKey(3), id: 3, type: "Personal", state: "ACTIVE", accountId: 1 })
      await expect(signOut(runtime, anAdmin({ tokenId }), undefined)).rejects.toMatchObject({ code: "not-found" })
    }
  })
})

describe("a binding", () => {
  test("holds when the email changes, at the issuer or here", async () => {
    const { id } = await human()
    await enter()
    expect((await enter({ email: "ana.maria@example.com" })).user.id).toBe(id)
    await change(id, { email: "am@example.com" })
    expect((await enter()).user).toMatchObject({ id, user_id: "ana@example.com", email: "am@example.com" })
    // The email that is free again is anybody's, but not hers to come in with as somebody new.
    const other = await human("ana2@example.com")
    expect((await enter({ email: "ana2@example.com" })).user.id).toBe(id)
    expect(await refused(() => enter({ subject: "eve", email: "am@example.com" }))).toBe("bound-to-another")
    expect((await enter({ subject: "other", email: "ana2@example.com" })).user.id).toBe(other.id)
  })

  test("is one human's: neither another subject nor another issuer comes in by the same email", async () => {
    await human()
    await enter()
    expect(await refused(() => enter({ subject: "eve" }))).toBe("bound-to-another")
    expect(await refused(() => enter({ issuer: "https://other.example.com" }))).toBe("bound-to-another")
    // Nor is it a matter of where the one ends and the other begins.
    expect(await refused(() => enter({ issuer: `${issuer}\nana`, subject: "" }))).toBe("bound-to-another")
  })

  test("is loosened by an administrator alone, and the next verified sign-in with the email makes another", async () => {
    const { id } = await human()
    const { bearer_token } = await enter()
    const [event] = await during(() => change(id, { unbind: true }))
    expect(event).toMatchObject({
      action: "account.updated",
      before: { bound: true },
      after: { bound: false },
    })
    expect(await table.table.get(subjectKeyOf({ issuer, subject: "ana" }))).toBeUndefined()
    // It ends no session: that is what revoke-tokens is for.
    expect(await standing(bearer_token)).toBe("current")
    expect(await during(async () => expect((await change(id, { unbind: true })).user.bound).toBe(false))).toEqual([])
    expect((await enter({ subject: "ana at another issuer" })).user).toMatchObject({ id, bound: true })
    expect(await refused(() => enter())).toBe("bound-to-another")
  })

  test("whose guard is lost is loosened all the same; whose guard is another's is left to people", async () => {
    const [{ id }, other] = [await human(), await human("other@example.com")]
    const bind = async (subject: string) => {
      const row = (await table.table.get<AccountItem>(accountKey(id))) as AccountItem
      await table.put({ ...row, binding: { issuer, subject } })
    }
    await bind("lost")
    expect((await change(id, { unbind: true })).user.bound).toBe(false)
    await bind("taken")
    await table.put({ ...subjectKeyOf({ issuer, subject: "taken" }), accountId: other.id })
    await expect(change(id, { unbind: true })).rejects.toThrow("not its account's")
  })

  test("of a service account there is none to loosen", async () => {
    const { user } = await createUser(runtime, anAdmin(), {
      user_type: "Service",
      name: "s",
      role: "Member",
      teams: [],
    })
    expect((await change(user.id, { unbind: true, role: "Editor" })).user).toMatchObject({
      bound: false,
      role: "Editor",
    })
  })

  test("goes with its human, so that a new one of this email can be bound", async () => {
    const { id } = await human()
    const { bearer_token } = await enter()
    await change(id, { active: false })
    await deleteUser(runtime, anAdmin(), id, undefined)
    expect(await refused(() => enter())).toBe("account-inactive")
    await purgeDeletedAccounts(runtime, system("purge-deleted-accounts", "request"))
    expect(await standing(bearer_token)).toBe("invalid-token")
    expect(await refused(() => enter())).toBe("unknown-human")
    const again = await human()
    expect((await enter()).user.id).toBe(again.id)
    expect(again.id).not.toBe(id)
  })
})

describe("nobody gets in", () => {
  test("without an account, and the trail has the email that the issuer has verified", async () => {
    expect(await refusal(() => enter({ email: "eve@example.com" }))).toMatchObject({
      outcome: "failure",
      actor: { id: 0, userId: "unknown" },
      subject: { id: 0, userId: "sign-in" },
      ip: "203.0.113.7",
      requestId: "request",
      after: { reason: "unknown-human", email: "eve@example.com" },
    })
    const line = runtime.lines.find(({ event }) => event === "sign-in.refused")
    expect(measuredIn(line as never)).toEqual({ values: { SignInRefused: 1 }, by: [{ Stage: "test" }] })
    expect(JSON.stringify(line)).not.toMatch(/unknown-human|eve@/)
  })

  test("whose account is not active, bound or not; neither is bound, and the trail has it with the account", async () => {
    const { id } = await human()
    await change(id, { active: false })
    expect(await refusal(() => enter())).toMatchObject({
      subject: { id, userId: "ana@example.com" },
      after: { reason: "account-inactive" },
    })
    await change(id, { active: true })
    expect((await enter()).user.bound).toBe(true)
    await change(id, { active: false })
    expect(await refused(() => enter())).toBe("account-inactive")
  })

  test("as a service account, whose email is only a contact", async () => {
    const email = "contact@example.com"
    await createUser(runtime, anAdmin(), { user_type: "Service", name: "s", role: "Admin", teams: [], email })
    expect(await refused(() => enter({ email }))).toBe("unknown-human")
  })

  test("twice with one ID token, not even as somebody else by then, nor a day later", async () => {
    const { id } = await human()
    const used = identity()
    await signIn(runtime, origin, { identity: used })
    const again = () => signIn(runtime, origin, { identity: used })
    expect(await refused(again)).toBe("used-before")
    await change(id, { unbind: true })
    expect(await refused(again)).toBe("used-before")
    runtime.clock.advance(86_400_000 - 1)
    expect(await refused(again)).toBe("used-before")
    expect(await sessions()).toHaveLength(1)
  })

  test("with an ID token that was refused here, which is not used up by that", async () => {
    const { id } = await human()
    await change(id, { active: false })
    const kept = identity()
    expect(await refused(() => signIn(runtime, origin, { identity: kept }))).toBe("account-inactive")
    await change(id, { active: true })
    expect((await signIn(runtime, origin, { identity: kept })).user.id).toBe(id)
  })

  test("with one that proves nothing, of which the trail has the reason and no email", async () => {
    await human()
    const { after } = await refusal(() => signIn(runtime, origin, { refused: "wrong-signature" }))
    expect(after).toEqual({ reason: "wrong-signature" })
    expect(await sessions()).toEqual([])
  })
})
