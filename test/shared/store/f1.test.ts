import { describe, expect, test } from "vitest"
import type { Caller } from "../../../shared/contract/caller.ts"
import { type EventType, eventRows } from "../../../shared/contract/events.ts"
import { type Actor, system } from "../../../shared/store/audit.ts"
import { createContainer, createDatastore } from "../../../shared/store/datastores.ts"
import { deleteUser, purgeDeletedAccounts } from "../../../shared/store/deletion.ts"
import { createTable } from "../../../shared/store/dynamodb.ts"
import { applyExpiryPolicy } from "../../../shared/store/expiry-policy.ts"
import { updateSettings } from "../../../shared/store/policy.ts"
import { watchRefusals } from "../../../shared/store/refusals.ts"
import { remindExpiringTokens } from "../../../shared/store/reminders.ts"
import { readReview, signReview } from "../../../shared/store/review.ts"
import { abortRotation, completeRotation, startRotation } from "../../../shared/store/rotation.ts"
import { signIn, signOut } from "../../../shared/store/sign-in.ts"
import { type TokenItem, tokenKey } from "../../../shared/store/table.ts"
import { createTeam, deleteTeam } from "../../../shared/store/team-list.ts"
import { createToken, deleteToken, updateToken } from "../../../shared/store/tokens.ts"
import { sweepUnusedTokens } from "../../../shared/store/unused.ts"
import { recordUsage } from "../../../shared/store/usage.ts"
import { createFirstAdmin, createUser, revokeTokens, updateUser } from "../../../shared/store/users.ts"
import { tokenIdIn } from "../../../shared/token/format.ts"
import { anAdmin } from "../../builders.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../../fakes.ts"
import { byChance, type Fault, neverThrice, startFaultProxy } from "../../fault-proxy.ts"
import { rounds, timeout } from "../../rounds.ts"
import { createTestTable, testClient } from "../../tables.ts"

/** What a stage's life leaves in its trail: each mutation that there is, in an order in which all of them succeed. */
const events: Partial<Record<EventType, number>> = {
  "account.created": 4,
  "account.updated": 1,
  "account.deactivated": 3,
  "account.reactivated": 1,
  "account.tokens-revoked": 1,
  "account.deleting": 2,
  "account.deleted": 2,
  "account.signed-in": 1,
  "account.sign-in-refused": 1,
  "token.created": 5,
  "token.updated": 2,
  // One is the session's.
  "token.revoked": 2,
  "token.restored": 1,
  // One by hand, and one for each purge.
  "token.deleted": 3,
  "token.rotation-started": 2,
  "token.rotation-aborted": 1,
  "token.rotated": 1,
  "token.rotation-completed": 1,
  "token.new-network": 1,
  "token.expiring": 1,
  "token.unused": 1,
  "auth.failed-burst": 1,
  "team.created": 2,
  "team.deleted": 1,
  "settings.updated": 1,
  "review.signed": 1,
  "datastore.created": 1,
  "container.created": 1,
}
/** Of an operator's command, which has a drill of its own: K1. */
const elsewhere = ["keyring.key-added", "keyring.rewrapped", "keyring.key-retired"]

test("F1's life of a stage has each event that there is", () => {
  expect([...Object.keys(events), ...elsewhere].toSorted()).toEqual(eventRows.map(([type]) => type).toSorted())
})

// Beside each other: what they do most is wait.
describe.concurrent("F1 every mutation happens once, with exactly its audit events, when its transactions meet", () => {
  test.each<[string, (Fault | undefined)[]]>([
    ["conflicts", ["conflict", undefined]],
    ["two conflicts in a row", ["conflict", "conflict", undefined]],
    ["lost answers", ["lost", undefined]],
    ["a conflict after a lost answer", ["lost", "conflict", undefined]],
    ["a dead socket", ["down", undefined]],
    ["server errors", ["server-error", undefined]],
  ])("%s", { timeout: 60_000 }, async (_, plan) => {
    const met = await liveThrough(inTurn(plan))
    expect(met).toBeGreaterThanOrEqual(Object.keys(events).length)
  })

  // Of which each costs its time.
  test.each<[string, Fault]>([
    ["answers that take 2 s", "slow"],
    ["throttling", "throttled"],
  ])("%s, now and then", { timeout: 60_000 }, async (_, fault) => {
    expect(await liveThrough(inTurn([fault, ...Array(18).fill(undefined)]))).toBeGreaterThan(1)
  })
})

test("F1 every mutation happens once, at 15 % conflicts, 15 % lost answers, and of the batches 20 % unprocessed keys", {
  timeout: timeout(120_000),
}, async () => {
  let met = 0
  for (const round of rounds(8, 500)) {
    const write = neverThrice(byChance({ conflict: 0.15, lost: 0.15 }, round))
    const read = neverThrice(byChance({ unprocessed: 0.2 }, round))
    met += await liveThrough((operation) =>
      operation === "TransactWriteItems" ? write() : operation === "BatchGetItem" ? read() : undefined,
    )
  }
  expect(met).toBeGreaterThan(0)
})

/** Faults of the transactions, in turn. Reads meet what reads meet: a fifth of the batches comes back incomplete. */
function inTurn(plan: readonly (Fault | undefined)[]) {
  let turn = 0
  let reads = 0
  return (operation: string): Fault | undefined => {
    if (operation === "TransactWriteItems") return plan[turn++ % plan.length]
    return operation === "BatchGetItem" && reads++ % 5 === 0 ? "unprocessed" : undefined
  }
}

/** All of it, and what it must leave; how many faults the transactions met. */
async function liveThrough(decide: (operation: string) => Fault | undefined): Promise<number> {
  const table = await createTestTable()
  const proxy = await startFaultProxy(table.endpoint, decide)
  const runtime = fakeRuntime(createTable(testClient(proxy.endpoint), table.name), frozenClock())
  const admin = anAdmin()
  const job = system("job", "f1")
  await createFirstAdmin(runtime, admin, "first@example.com")
  const [team] = [
    await createTeam(runtime, admin, { name: "Team" }),
    await createTeam(runtime, admin, { name: "Other" }),
  ]
  await deleteTeam(runtime, admin, "other", undefined)
  const service = { user_type: "Service" as const, name: "s", role: "Member" as const, teams: [team.name] }
  const { user } = await createUser(runtime, admin, service, { principal: 1, keyHash: "k", requestHash: "r" })
  const email = "h@example.com"
  const { user: human } = await createUser(runtime, admin, { ...service, user_type: "User", email })
  const identity = { issuer: "https://issuer.example.com", subject: "h", email, tokenHash: "hash" }
  const handle = (await signIn(runtime, admin, { identity })).bearer_token.slice(0, 25)
  await expect(signIn(runtime, admin, { identity })).rejects.toMatchObject({ code: "sign-in-refused" })
  await signOut(runtime, anAdmin({ accountId: human.id, tokenId: tokenIdIn(handle), handle }), undefined)
  const token = (name: string) =>
    createToken(runtime, admin, "all", {
      name,
      type: "Service",
      user_id: user.user_id,
      expiration: "30d",
      allowed_cidrs: [],
    })
  const [first] = [await token("first"), await token("second")]
  await updateUser(runtime, admin, user.id, { role: "Editor" }, undefined)
  await updateToken(runtime, admin, "all", first.id, { allowed_cidrs: ["10.0.0.0/8"] })
  await updateToken(runtime, admin, "all", first.id, { active: false })
  await updateToken(runtime, admin, "all", first.id, { active: true })
  await revokeTokens(runtime, admin, user.id, { compromised: false })
  await deleteToken(runtime, admin, "all", first.id, undefined)
  const datastore = await createDatastore(runtime, admin, { name: "d", team: team.name })
  await createContainer(runtime, admin, datastore.id, { name: "c" })
  const aged = await growOld(runtime, admin, job)
  for (const id of [user.id, aged]) {
    await updateUser(runtime, admin, id, { active: false }, undefined)
    await deleteUser(runtime, admin, id, undefined)
  }
  expect(await purgeDeletedAccounts(runtime, job)).toBe(2)
  await proxy.stop()

  const rows = await table.dump()
  const trail = Object.groupBy(
    rows.filter(({ PK }) => PK.startsWith("AUD#")),
    ({ action }) => String(action),
  )
  expect(Object.fromEntries(Object.entries(trail).map(([action, found]) => [action, found?.length]))).toEqual(events)
  const [session, ...others] = rows.filter(({ PK, SK }) => PK.startsWith("TOK#") || SK.startsWith("TN#"))
  expect([session?.type, session?.state, others]).toEqual(["Session", "REVOKED", []])
  // The human and the datastore use the team; the service account did.
  expect(rows.find(({ PK }) => PK === "TEAM#team")?.uses).toBe(2)
  expect(rows.find(({ SK }) => SK === "admins")?.count).toBe(1)
  return proxy.seen.filter(({ operation, fault }) => operation === "TransactWriteItems" && fault).length
}

/** What happens to tokens with time: rotations, the settings, the daily jobs, a review. The id of the account that has them. */
async function growOld(runtime: FakeRuntime, admin: Actor & Caller, job: Actor): Promise<number> {
  const service = { user_type: "Service" as const, name: "old", role: "Member" as const, teams: [] }
  const { user } = await createUser(runtime, admin, service)
  const token = (name: string, expiration: string) =>
    createToken(runtime, admin, "all", { name, type: "Service", user_id: user.user_id, expiration, allowed_cidrs: [] })
  const [rotated] = [await token("rotated", "90d"), await token("idle", "365d"), await token("soon", "7d")]
  expect(await remindExpiringTokens(runtime, job)).toBe(1)

  const rotate = () => startRotation(runtime, admin, "all", rotated.id, { overlap_hours: 24 }, undefined)
  await rotate()
  await abortRotation(runtime, admin, "all", rotated.id, {})
  await rotate()
  const { pending } = (await runtime.table.get<TokenItem>(tokenKey(rotated.id))) as TokenItem
  const usedAt = runtime.now()
  const use = (network: string, generation: number) =>
    recordUsage(runtime, job, [
      {
        ...{ tokenId: rotated.id, accountId: user.id, usedAt, networks: { [network]: usedAt } },
        secrets: { [generation]: { firstAt: usedAt, lastAt: usedAt, network } },
      },
    ])
  await use("203.0.113.0/24", pending?.generation as number)
  await use("198.51.100.0/24", pending?.generation as number)
  await completeRotation(runtime, admin, "all", rotated.id, {})

  await updateSettings(runtime, admin, { allow_never: false, max_expiry_days: 100 }, undefined)
  expect(await applyExpiryPolicy(runtime, job)).toBe(1)
  runtime.clock.advance(91 * 86_400_000)
  expect(await sweepUnusedTokens(runtime, job)).toMatchObject({ flagged: 1 })
  const refused = (n: number) => ({
    event: "token.refused",
    at: runtime.now() + n,
    ip: "203.0.113.7",
    code: "invalid-token",
  })
  const lines = Array.from({ length: 100 }, (_, n) => ({ id: `line ${n}`, message: JSON.stringify(refused(n)) }))
  expect(await watchRefusals(runtime, job, lines)).toBe(1)
  await updateUser(runtime, admin, user.id, { active: false }, undefined)
  await updateUser(runtime, admin, user.id, { active: true }, undefined)
  const { hash } = await readReview(runtime, { limit: 50, binding: "f1" })
  await signReview(runtime, admin, { hash: hash as string })
  return user.id
}
