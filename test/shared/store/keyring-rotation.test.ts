import { beforeEach, describe, expect, test } from "vitest"
import { addKey, type KeyringSecret, keyringStatus, retireKey, rewrap } from "../../../shared/store/keyring-rotation.ts"
import { startRotation } from "../../../shared/store/rotation.ts"
import { type AuditItem, type SessionItem, type TokenItem, tokenKey } from "../../../shared/store/table.ts"
import { createToken, type IssuedToken, updateToken } from "../../../shared/store/tokens.ts"
import { createUser } from "../../../shared/store/users.ts"
import { mint } from "../../../shared/token/format.ts"
import { digestUnder, parseKeyring } from "../../../shared/token/keyring.ts"
import { anAdmin, aVerifiableToken } from "../../builders.ts"
import { type Clock, frozenClock } from "../../fakes.ts"
import { aSecret, aStage } from "../../keyring-drill.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

const minute = 60_000
let table: TestTable
let clock: Clock
let stage: ReturnType<typeof aStage>
let userId: string
beforeEach(async () => {
  table = await createTestTable()
  clock = frozenClock()
  stage = aStage(table, clock)
  const body = { user_type: "Service" as const, name: "keyring", role: "Member" as const, teams: [] }
  userId = (await createUser(stage.endpoint(), anAdmin(), body)).user.user_id
})

const aToken = (expiration = "365d"): Promise<IssuedToken> => {
  clock.advance(1)
  const name = crypto.randomUUID()
  const body = { name, type: "Service" as const, user_id: userId, expiration, allowed_cidrs: [] }
  return createToken(stage.endpoint(), anAdmin(), "all", body)
}
const rowOf = (id: number) => table.table.get<TokenItem>(tokenKey(id)) as Promise<TokenItem>
const trail = async () =>
  (await table.dump())
    .map((row) => row as unknown as AuditItem)
    .filter(({ PK }) => PK === "AUD#KEYRING")
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ action, outcome, actor, before, after }) => ({ action, outcome, by: actor.userId, before, after }))
/** A key is added and mints. */
async function nextKey() {
  const added = await addKey(stage.operation(), 60)
  clock.advance(60 * minute + 1000)
  return added
}
async function use(bearerToken: string) {
  const environment = stage.environment()
  const verdict = await environment.verify(bearerToken)
  await environment.record()
  return verdict
}
const answer = (bearerToken: string) => stage.environment().verify(bearerToken)
const refusal = (act: Promise<unknown>) =>
  act.then(
    () => "done",
    (error: Error) => error.message,
  )

describe("add", () => {
  test("makes 64 letters and digits, another each time, that mint when they were told to; the others stay as they are", async () => {
    const before = stage.secret.text()
    expect(await addKey(stage.operation(), 60)).toEqual({ key: "k2", mintsFrom: Date.parse("2026-11-23T13:00:00Z") })
    const { mintFrom, k1, k2, ...others } = JSON.parse(stage.secret.text())
    expect([mintFrom, k1, others]).toEqual([{ k2: "2026-11-23T13:00:00Z" }, JSON.parse(before).k1, {}])
    expect(k2).toMatch(/^[A-Za-z0-9]{64}$/)
    const other = aStage(table, clock)
    await addKey(other.operation(), 15)
    expect(JSON.parse(other.secret.text()).k2).not.toBe(k2)
    expect(new Set(k2).size).toBeGreaterThan(20)
  })

  test("is in the trail, by whom, and never the key", async () => {
    await nextKey()
    expect(await trail()).toEqual([
      {
        action: "keyring.key-added",
        outcome: "success",
        by: "arn:aws:iam::000000000000:user/ops",
        before: {},
        after: { key: "k2", mint_from: "2026-11-23T13:00:00Z" },
      },
    ])
    const { k1, k2 } = JSON.parse(stage.secret.text())
    const dump = JSON.stringify(await table.dump())
    for (const key of [k1, k2]) expect(dump).not.toContain(key)
  })

  test("twice at once adds one key; the other one is told, and its event is of a failure", async () => {
    const outcomes = await Promise.all([1, 2].map(() => refusal(addKey(stage.operation(), 60))))
    expect(outcomes.sort()).toEqual([
      "done",
      expect.stringContaining("somebody else has changed the keyring meanwhile"),
    ])
    expect(stage.secret.keys()).toEqual(["k1", "k2"])
    const outcomesTold = (await trail()).map(({ outcome }) => outcome).sort()
    expect(outcomesTold).toEqual(["failure", "success", "success"])
  })

  test("adds none while its event can't be written", async () => {
    const down = { ...table.table, transact: () => Promise.reject(new Error("down")) }
    expect(await refusal(addKey(stage.operation(down), 60))).toBe("down")
    expect(stage.secret.keys()).toEqual(["k1"])
  })

  test("that fails at the secret has an event of its failure", async () => {
    const broken: KeyringSecret = { ...stage.secret, makeCurrent: () => Promise.reject(new Error("denied")) }
    expect(await refusal(addKey(stage.operation(table.table, broken), 60))).toBe("denied")
    expect((await trail()).map(({ outcome }) => outcome).sort()).toEqual(["failure", "success"])
    expect(stage.secret.keys()).toEqual(["k1"])
  })

  test.each([14, 0, -60, Number.NaN, 1441])("not in %d minutes", async (minutes) => {
    expect(await refusal(addKey(stage.operation(), minutes))).toContain("a key mints 15 to 1440 minutes ahead")
    expect(stage.secret.keys()).toEqual(["k1"])
  })

  test("a keyring that is none is named without any of it", async () => {
    const secret = aSecret('{"k1": "short-secret"}')
    expect(await refusal(addKey(stage.operation(table.table, secret), 60))).toBe("keyring: not a key")
  })
})

describe("re-wrapping", () => {
  test("twice, of a token that nobody used in between, and then it is used", async () => {
    const token = await aToken()
    await nextKey()
    expect(await rewrap(stage.operation())).toEqual({ key: "k2", looked: 1, rows: 1 })
    expect((await rowOf(token.id)).current.keyPath).toBe("k1.k2")
    await nextKey()
    expect(await rewrap(stage.operation())).toEqual({ key: "k3", looked: 1, rows: 1 })
    const { current, version } = await rowOf(token.id)
    const keyring = parseKeyring(stage.secret.text())
    expect([current.keyPath, Buffer.from(current.digest), version]).toEqual([
      "k1.k2.k3",
      digestUnder(keyring, "k1.k2.k3", token.bearer_token),
      1,
    ])
    expect(await use(token.bearer_token)).toBe("Allow")
    expect((await rowOf(token.id)).current.keyPath).toBe("k3")
    expect((await trail()).filter(({ action }) => action === "keyring.rewrapped").map(({ after }) => after)).toEqual([
      { key: "k2", rows: 1 },
      { key: "k3", rows: 1 },
    ])
  })

  test("has nothing to do with what is under the newest key, and leaves no event then", async () => {
    await nextKey()
    await aToken()
    const before = await table.dump()
    expect(await rewrap(stage.operation())).toEqual({ key: "k2", looked: 1, rows: 0 })
    expect(await table.dump()).toEqual(before)
  })

  test("goes on after a run that was stopped, whose event has what it did", async () => {
    for (let n = 0; n < 30; n++) await aToken()
    await nextKey()
    let writes = 0
    const stopping: typeof table.table = {
      ...table.table,
      update: async (...write) => {
        if (++writes > 20) throw new Error("stopped")
        return table.table.update(...write)
      },
    }
    expect(await refusal(rewrap(stage.operation(stopping)))).toBe("stopped")
    const { keys } = await keyringStatus(stage.operation())
    expect(keys.map(({ key, use }) => [key, use.under])).toEqual([
      ["k1", 10],
      ["k2", 20],
    ])
    expect(await rewrap(stage.operation())).toMatchObject({ rows: 10 })
    const told = (await trail()).filter(({ action }) => action === "keyring.rewrapped")
    expect(told.map(({ after }) => after.rows).sort()).toEqual([10, 20])
  })

  test("leaves a path alone that the record of a use could not say any more", async () => {
    const token = await aToken()
    const { current, ...row } = await rowOf(token.id)
    const keyPath = Array.from({ length: 13 }, () => "k1").join(".")
    await table.put({ ...row, current: { ...current, keyPath } })
    await nextKey()
    expect(await rewrap(stage.operation())).toMatchObject({ rows: 0 })
  })
})

describe("retire", () => {
  test("names what each row waits for, and writes nothing", async () => {
    const [plain, revoked, expired, rotating] = [await aToken(), await aToken(), await aToken("7d"), await aToken()]
    await startRotation(stage.endpoint(), anAdmin(), "all", rotating.id, { overlap_hours: 24 }, undefined)
    const waiting = await aToken()
    const fresh = await startRotation(stage.endpoint(), anAdmin(), "all", waiting.id, { overlap_hours: 240 }, undefined)
    await updateToken(stage.endpoint(), anAdmin(), "all", revoked.id, { active: false })
    await table.put(aSession(7, clock.now() + 8 * 24 * 60 * minute))
    await nextKey()
    await use(rotating.bearer_token)
    await use(fresh.bearer_token)
    // Its next use moves the digest that the first one has made the current one.
    await use(fresh.bearer_token)
    clock.advance(7 * 24 * 60 * minute)
    const before = [await table.dump(), stage.secret.text()]
    const lines = (await refusal(retireKey(stage.operation(), "k1"))).split("\n")
    expect(lines[0]).toBe("k1 stays. Rows that need it: 6. Each needs it no longer after what stands behind it:")
    expect(lines.slice(1).sort()).toEqual(
      [
        `  ${plain.handle}  k1  a use, a rotation, or its deletion`,
        `  ${revoked.handle}  k1  its deletion: it is revoked`,
        `  ${expired.handle}  k1  its deletion: it has expired`,
        `  ${rotating.handle}  k1  a use of its new secret, or an abort of the rotation`,
        `  ${waiting.handle}  k1  the end of its old secret at 2026-12-03T13:00:01Z, or a use of it`,
        "  symses_000000001000000007  k1  its end at 2026-12-01T12:00:00Z, or a use",
      ].sort(),
    )
    expect([await table.dump(), stage.secret.text()]).toEqual(before)
  })

  test("forgets what is over: an old secret, a new one that nobody used, a session; the token itself goes on", async () => {
    const [rotated, dropped] = [await aToken(), await aToken()]
    const rotate = (id: number) =>
      startRotation(stage.endpoint(), anAdmin(), "all", id, { overlap_hours: 24 }, undefined)
    const [fresh] = [await rotate(rotated.id), await rotate(dropped.id)]
    await table.put(aSession(7, clock.now() + 8 * 60 * minute))
    expect(await use(fresh.bearer_token)).toBe("Allow")
    await nextKey()
    clock.advance(31 * 24 * 60 * minute)
    for (const { bearer_token } of [fresh, dropped]) expect(await use(bearer_token)).toBe("Allow")
    expect(await answer(rotated.bearer_token)).toBe("token-superseded")
    const { keys } = await keyringStatus(stage.operation())
    expect(keys.map(({ key, use, staysBecause }) => [key, use.needing, use.over, staysBecause])).toEqual([
      ["k1", 0, 3, undefined],
      ["k2", 2, 0, "it is the key that mints"],
    ])

    const { versionWithKey } = await retireKey(stage.operation(), "k1")
    expect(versionWithKey).toBe("1")
    expect(stage.secret.keys()).toEqual(["k2"])
    for (const { bearer_token } of [fresh, dropped]) expect(await answer(bearer_token)).toBe("Allow")
    expect(await answer(rotated.bearer_token)).toBe("invalid-token")
    expect(await table.table.get(tokenKey(7))).toBeUndefined()
    expect((await trail()).at(-1)).toMatchObject({ action: "keyring.key-retired", before: { key: "k1" }, after: {} })
    // A rotation begins as it always did.
    expect((await rotate(dropped.id)).rotation?.state).toBe("pending")
  })

  test("is for the oldest key, once its successor has minted for an hour; and for none that isn't there", async () => {
    expect(await refusal(retireKey(stage.operation(), "k1"))).toBe("k1 stays: it is the key that mints")
    await nextKey()
    const early = "k1 stays: k2 has been minting since 2026-11-23T13:00:00Z only: try again at 2026-11-23T14:00:00Z"
    expect(await refusal(retireKey(stage.operation(), "k1"))).toBe(early)
    clock.set("2026-11-23T13:59:59.999Z")
    expect(await refusal(retireKey(stage.operation(), "k1"))).toBe(early)
    await addKey(stage.operation(), 60)
    expect(await refusal(retireKey(stage.operation(), "k3"))).toBe("k3 stays: it is to mint from 2026-11-23T15:00:00Z")
    clock.set("2026-11-23T15:00:00Z")
    expect(await refusal(retireKey(stage.operation(), "k2"))).toBe("k2 stays: k1 is older, and goes first")
    expect(await refusal(retireKey(stage.operation(), "k7"))).toBe(
      "k7 stays: the keyring has no such key, but k1, k2, k3",
    )
    await retireKey(stage.operation(), "k1")
    expect(JSON.parse(stage.secret.text()).mintFrom).toEqual({ k2: "2026-11-23T13:00:00Z", k3: "2026-11-23T15:00:00Z" })
  })
})

test("status tells of rows whose key is gone", async () => {
  const token = await aToken()
  const { current, ...row } = await rowOf(token.id)
  await table.put({ ...row, current: { ...current, keyPath: "k9" } })
  const { lost } = await keyringStatus(stage.operation())
  expect(lost.map(([key, { needing }]) => [key, needing])).toEqual([["k9", 1]])
  expect(await answer(token.bearer_token)).toBe("503")
})
/** Signed in under k1. */
function aSession(id: number, expiresAt: number): SessionItem & Record<string, unknown> {
  const bearerToken = mint("Session", 1, id, new Uint8Array(32).fill(1))
  const digest = digestUnder(parseKeyring(stage.secret.text()), "k1", bearerToken)
  return {
    ...aVerifiableToken({ id, accountId: 1, current: { digest, keyPath: "k1", generation: 1 } }),
    ...tokenKey(id),
    ...{ type: "Session", state: "ACTIVE", name: "session", networks: {}, expiresAt, ttl: expiresAt / 1000 },
    ...{ version: 1, createdAt: clock.now(), createdById: 1 },
  }
}
