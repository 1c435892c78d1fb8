import { describe, expect, test } from "vitest"
import { system } from "../../../shared/store/audit.ts"
import { createContainer, createDatastore } from "../../../shared/store/datastores.ts"
import { deleteUser, purgeDeletedAccounts } from "../../../shared/store/deletion.ts"
import { createTable } from "../../../shared/store/dynamodb.ts"
import { signIn, signOut } from "../../../shared/store/sign-in.ts"
import { createTeam, deleteTeam } from "../../../shared/store/team-list.ts"
import { createToken, deleteToken, updateToken } from "../../../shared/store/tokens.ts"
import { createFirstAdmin, createUser, revokeTokens, updateUser } from "../../../shared/store/users.ts"
import { tokenIdIn } from "../../../shared/token/format.ts"
import { anAdmin } from "../../builders.ts"
import { fakeRuntime, frozenClock } from "../../fakes.ts"
import { byChance, type Fault, neverThrice, startFaultProxy } from "../../fault-proxy.ts"
import { rounds, timeout } from "../../rounds.ts"
import { createTestTable, testClient } from "../../tables.ts"

/** Each mutation there is, once, in an order in which all of them succeed; and the events that they must leave. */
const events = [
  ...["account.created", "account.created", "account.created", "account.deactivated", "account.deleted"],
  ...[
    "account.deleting",
    "account.sign-in-refused",
    "account.signed-in",
    "account.tokens-revoked",
    "account.updated",
    "container.created",
    "datastore.created",
  ],
  ...["team.created", "team.created", "team.deleted", "token.created", "token.created", "token.deleted"],
  ...["token.deleted", "token.restored", "token.revoked", "token.revoked", "token.updated"],
]

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
    expect(met).toBeGreaterThanOrEqual(events.length)
  })

  // Of which each costs its time.
  test.each<[string, Fault]>([
    ["answers that take 2 s", "slow"],
    ["throttling", "throttled"],
  ])("%s, now and then", { timeout: 60_000 }, async (_, fault) => {
    expect(await liveThrough(inTurn([fault, ...Array(8).fill(undefined)]))).toBeGreaterThan(1)
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
  await updateUser(runtime, admin, user.id, { active: false }, undefined)
  await deleteUser(runtime, admin, user.id, undefined)
  expect(await purgeDeletedAccounts(runtime, system("purge-deleted-accounts", "f1"))).toBe(1)
  await proxy.stop()

  const rows = await table.dump()
  const actions = rows.filter(({ PK }) => PK.startsWith("AUD#")).map(({ action }) => action)
  expect(actions.toSorted()).toEqual(events)
  const [session, ...others] = rows.filter(({ PK, SK }) => PK.startsWith("TOK#") || SK.startsWith("TN#"))
  expect([session?.type, session?.state, others]).toEqual(["Session", "REVOKED", []])
  // The human and the datastore use the team; the service account did.
  expect(rows.find(({ PK }) => PK === "TEAM#team")?.uses).toBe(2)
  expect(rows.find(({ SK }) => SK === "admins")?.count).toBe(1)
  return proxy.seen.filter(({ operation, fault }) => operation === "TransactWriteItems" && fault).length
}
