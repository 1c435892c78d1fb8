// Long because it leads a keyring through its whole life, each command with what it refuses.
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

  test.each([15, 1440])("in %d minutes", async (minutes) => {
    expect((await addKey(stage.operation(), minutes)).mintsFrom).toBe(clock.now() + minutes * minute)
  })

  test("mints at a whole second, never earlier than it was told to", async () => {
    clock.advance(1)
    expect(await addKey(stage.operation(), 60)).toMatchObject({ mintsFrom: Date.parse("2026-11-23T13:00:01Z") })
    expect(JSON.parse(stage.secret.text()).mintFrom).toEqual({ k2: "2026-11-23T13:00:01Z" })
  })

  test("none while another one waits, and one as soon as that mints", async () => {
    await addKey(stage.operation(), 60)
    const waits = "k2 is there already, and mints from 2026-11-23T13:00:00Z: wait for it"
    expect(await refusal(addKey(stage.operation(), 60))).toBe(waits)
    expect(await refusal(rewrap(stage.operation()))).toBe(waits)
    clock.set("2026-11-23T12:59:59.999Z")
    expect(await refusal(addKey(stage.operation(), 60))).toBe(waits)
    expect(await refusal(rewrap(stage.operation()))).toBe(waits)
    clock.advance(1)
    expect(await rewrap(stage.operation())).toEqual({ key: "k2", looked: 0, rows: 0 })
    expect(await addKey(stage.operation(), 60)).toMatchObject({ key: "k3" })
  })

  test("is named after the highest number, wherever that stands", async () => {
    const secret = aSecret(JSON.stringify({ k10: "a".repeat(64), k9: "b".repeat(64), k1: "c".repeat(64) }))
    expect(await addKey(stage.operation(table.table, secret), 60)).toMatchObject({ key: "k11" })
    expect(JSON.parse(secret.text()).mintFrom).toEqual({ k11: "2026-11-23T13:00:00Z" })
  })

  test("that would make a keyring nobody can read is neither prepared nor told", async () => {
    const secret = aSecret(JSON.stringify({ mintFrom: {}, k99999: "a".repeat(64) }))
    const prepared: string[] = []
    const watched: KeyringSecret = { ...secret, prepare: async (text) => String(prepared.push(text)) }
    expect(await refusal(addKey(stage.operation(table.table, watched), 60))).toBe("keyring: not a key")
    expect([prepared, await trail()]).toEqual([[], []])
  })

  test("takes no byte that would make a letter likelier than another one", async () => {
    const all = Uint8Array.from({ length: 64 }, (_, index) => 192 + index)
    const given = [all, new Uint8Array(64).fill(248), new Uint8Array(64).fill(247)]
    const operation = stage.operation()
    const { randomBytes } = operation.runtime
    const runtime = { ...operation.runtime, randomBytes: (size: number) => given.shift() ?? randomBytes(size) }
    await addKey({ ...operation, runtime }, 60)
    // 192 to 247 are the last letters and digits of the fourth round, 56 of them; 248 and more are thrown away; then the last one again.
    expect(JSON.parse(stage.secret.text()).k2).toBe(
      `GHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${"9".repeat(8)}`,
    )
    expect(given).toEqual([])
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
  test.each([
    [20, undefined],
    [21, "  and 1 more"],
  ])("names twenty of %d rows", async (count, last) => {
    for (let n = 0; n < count; n++) await aToken()
    await nextKey()
    clock.advance(60 * minute)
    const lines = (await refusal(retireKey(stage.operation(), "k1"))).split("\n")
    expect(lines[0]).toContain(`Rows that need it: ${count}.`)
    expect([lines.length, lines[21]]).toEqual([last ? 22 : 21, last])
  })

  test("forgets more than a page of rows, and refuses when still more are over by then", async () => {
    const [end, k1] = [clock.now(), stage.secret.text()]
    const session = (id: number) => aSession(id, end, k1)
    for (let id = 7; id < 32; id++) await table.put(session(id))
    await nextKey()
    clock.advance(61 * minute)
    const operation = stage.operation()
    let reads = 0
    const rows: typeof operation.rows = async function* () {
      // Another one is over when the rows are counted again.
      if (++reads === 3) yield [session(99)]
      yield* operation.rows()
    }
    expect(await refusal(retireKey({ ...operation, rows }, "k1"))).toBe(
      "k1 stays: more rows have it for a secret that is over now. Try again",
    )
    expect([reads, await table.table.get(tokenKey(7)), await table.table.get(tokenKey(31))]).toEqual([
      3,
      undefined,
      undefined,
    ])
    expect(stage.secret.keys()).toEqual(["k1", "k2"])
    reads = 3
    await retireKey({ ...operation, rows }, "k1")
    // Nothing was over any more, so the rows were read once.
    expect([reads, stage.secret.keys()]).toEqual([4, ["k2"]])
  })

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

test("status has each key, the oldest first: what it does, since when, for how many rows, and why it stays", async () => {
  const text = JSON.stringify({
    mintFrom: { k10: "2026-11-23T12:00:01Z", k9: "2026-11-23T12:00:00Z" },
    ...{ k10: "a".repeat(64), k9: "b".repeat(64), k2: "c".repeat(64) },
  })
  const { keys, lost } = await keyringStatus(stage.operation(table.table, aSecret(text)))
  const use = { under: 0, needing: 0, over: 0, holders: [] }
  const noon = Date.parse("2026-11-23T12:00:00Z")
  const early = "k9 has been minting since 2026-11-23T12:00:00Z only: try again at 2026-11-23T13:00:00Z"
  expect(keys).toEqual([
    { key: "k2", mintsFrom: undefined, state: "verifies", use, staysBecause: early },
    { key: "k9", mintsFrom: noon, state: "mints", use, staysBecause: "it is the key that mints" },
    {
      key: "k10",
      mintsFrom: noon + 1000,
      state: "waits",
      use,
      staysBecause: "it is to mint from 2026-11-23T12:00:01Z",
    },
  ])
  expect(lost).toEqual([])
  clock.advance(60 * minute + 1000)
  const later = await keyringStatus(stage.operation(table.table, aSecret(text)))
  expect(later.keys.map(({ staysBecause }) => staysBecause)).toEqual([
    undefined,
    "k2 is older, and goes first",
    "it is the key that mints",
  ])
})

test("status and a re-wrap tell how far they are", async () => {
  const lines: string[] = []
  const told = () => ({ ...stage.operation(), onProgress: (line: string) => void lines.push(line) })
  await aToken()
  await aToken()
  await nextKey()
  await keyringStatus(told())
  await rewrap(told())
  expect(lines).toEqual(["2 tokens looked at", "2 tokens looked at, 2 re-wrapped"])
})

test("status says what a key stays for: first the hour, then the rows", async () => {
  await aToken()
  await nextKey()
  const { keys } = await keyringStatus(stage.operation())
  expect(keys.map(({ key, staysBecause }) => [key, staysBecause])).toEqual([
    ["k1", "k2 has been minting since 2026-11-23T13:00:01Z only: try again at 2026-11-23T14:00:01Z"],
    ["k2", "it is the key that mints"],
  ])
  clock.set("2026-11-23T14:00:01Z")
  const later = await keyringStatus(stage.operation())
  expect(later.keys.map(({ staysBecause }) => staysBecause)).toEqual(["rows need it", "it is the key that mints"])
})

test("status tells of rows whose key is gone", async () => {
  await aToken()
  const token = await aToken()
  const { current, ...row } = await rowOf(token.id)
  await table.put({ ...row, current: { ...current, keyPath: "k9" } })
  const { lost } = await keyringStatus(stage.operation())
  expect(lost.map(([key, { needing }]) => [key, needing])).toEqual([["k9", 1]])
  expect(await answer(token.bearer_token)).toBe("503")
})
/** Signed in under k1. */
function aSession(id: number, expiresAt: number, keys = stage.secret.text()): SessionItem & Record<string, unknown> {
  const bearerToken = mint("Session", 1, id, new Uint8Array(32).fill(1))
  const digest = digestUnder(parseKeyring(keys), "k1", bearerToken)
  return {
    ...aVerifiableToken({ id, accountId: 1, current: { digest, keyPath: "k1", generation: 1 } }),
    ...tokenKey(id),
    ...{ type: "Session", state: "ACTIVE", name: "session", networks: {}, expiresAt, ttl: expiresAt / 1000 },
    ...{ version: 1, createdAt: clock.now(), createdById: 1 },
  }
}
