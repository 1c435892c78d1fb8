import { describe, expect, test } from "vitest"
import * as table from "../../../shared/store/table.ts"
import { encodeId } from "../../../shared/token/format.ts"

/**
 * Where things stand in the table, to the character. A stage that is deployed has its rows there: a key that changes here leaves them behind, accounts
 * without their tokens and revocations that nobody reads. Whoever has to change one moves the rows, and writes a page in docs/decisions.
 */
const id = 3812345678901234
const encoded = "HSYTyqcks"
const other = 3812345678905678
const day = 86_400_000

test("each kind of row has a key of its own", () => {
  expect(encodeId(id)).toBe(encoded)
  expect({
    account: table.accountKey(id),
    token: table.tokenKey(id),
    name: table.tokenNameKey(id, "Cafe\u0301 A"),
    userId: table.userIdKey("u@service"),
    email: table.emailKey("hash"),
    subject: table.subjectKey("hash"),
    team: table.teamKey("red"),
    datastore: table.datastoreKey(id),
    container: table.containerKey(id, other),
    settings: table.settingsKey,
    administrators: table.administratorsKey,
    idempotency: table.idempotencyKey(id, "hash"),
    event: table.auditKey("SET", "id"),
    mark: table.markKey("07"),
    job: table.jobKey("sweep"),
    refusals: [table.refusalsKey(7, 4), table.refusalsKey(123, 5), table.refusalsKey("stage", 1)],
  }).toEqual({
    account: { PK: `ACC#${encoded}`, SK: "A" },
    token: { PK: `TOK#${encoded}`, SK: "T" },
    name: { PK: `ACC#${encoded}`, SK: "TN#caf\u00e9 a" },
    userId: { PK: "UID#u@service", SK: "U" },
    email: { PK: "MAIL#hash", SK: "U" },
    subject: { PK: "SUB#hash", SK: "S" },
    team: { PK: "TEAM#red", SK: "M" },
    datastore: { PK: `DS#${encoded}`, SK: "D" },
    container: { PK: `DS#${encoded}`, SK: "C#HSYTyqduY" },
    settings: { PK: "SET", SK: "policy" },
    administrators: { PK: "SET", SK: "admins" },
    idempotency: { PK: `IDEM#${encoded}#hash`, SK: "I" },
    event: { PK: "AUD#SET", SK: "id" },
    mark: { PK: "MARK#07", SK: "M" },
    job: { PK: "JOB#sweep", SK: "J" },
    refusals: [
      { PK: "BURST#007", SK: "0" },
      { PK: "BURST#123", SK: "1" },
      { PK: "BURST#stage", SK: "1" },
    ],
  })
})

test("the table and its indexes have keys of these names", () => {
  expect([table.tableKeys, table.ttlAttribute]).toEqual([{ partition: "PK", sort: "SK" }, "ttl"])
  expect(table.indexes).toMatchObject({
    list: { partition: "listPK", sort: "listSK" },
    idle: { partition: "idlePK", sort: "idleSK" },
    expiry: { partition: "expiryPK", sort: "expirySK" },
  })
})

test("the list index has accounts by their type, tokens by whose they are, and the rest by what they belong to", () => {
  const listSK = encoded
  expect(table.accountListing(id, "Service")).toEqual({ listPK: "ACC#SERVICE", listSK })
  expect(table.accountListing(id, "User")).toEqual({ listPK: "ACC#USER", listSK })
  expect(table.purgeList).toBe("PURGE")
  expect(table.tokenListing(id, other, "Service")).toEqual({ listPK: "TOK#SERVICE", listSK })
  expect(table.tokenListing(id, other, "Personal")).toEqual({ listPK: "TOK#ACC#HSYTyqduY", listSK })
  expect(table.teamList("red")).toEqual({ listPK: "TEAMS", listSK: "red" })
  expect(table.datastoreListing(id, "red")).toEqual({ listPK: "DS#TEAM#red", listSK })
  const at = Date.parse("2026-11-23T23:59:59.999Z")
  expect(table.auditListing(at, "id", 7)).toEqual({ listPK: "AUD#20261123#7", listSK: "id" })
  expect(table.auditListing(at, "id", 8)).toEqual({ listPK: "AUD#20261123#0", listSK: "id" })
  expect(table.auditShards).toBe(8)
})

test("tokens are spread over sixteen partitions by their ids", () => {
  const names = [..."0123456789"].map((n) => `0${n}`).concat([..."012345"].map((n) => `1${n}`))
  expect(table.shardNames()).toEqual(names)
  expect(table.expiryPartitions()).toEqual(names.map((name) => `EXP#${name}`))
  expect(table.idlePartitions()).toEqual(names.map((name) => `IDLE#${name}`))
  expect(table.flaggedPartitions()).toEqual(names.map((name) => `FLAG#${name}`))
  const partitions = (n: number) => [
    table.expiryListing(n, undefined).expiryPK,
    table.idleListing(n, 0).idlePK,
    table.flaggedListing(n, 0).idlePK,
  ]
  expect(partitions(16)).toEqual(["EXP#00", "IDLE#00", "FLAG#00"])
  expect(partitions(31)).toEqual(["EXP#15", "IDLE#15", "FLAG#15"])
})

describe("the expiry index", () => {
  const at = Date.parse("2026-11-23T12:00:00Z")

  test("has tokens by their expiry, and those without one last", () => {
    expect(table.expiryListing(id, at)).toEqual({ expiryPK: "EXP#02", expirySK: `2026-11-23T12:00:00.000Z#${encoded}` })
    expect(table.expiryListing(id, undefined)).toEqual({ expiryPK: "EXP#02", expirySK: `9999-12-31#${encoded}` })
  })

  test("has a bound between what expires at an instant, and what does later", () => {
    const bound = table.expiryBound(at)
    expect(bound).toBe("2026-11-23T12:00:00.000Z$")
    expect(table.expiryListing(Number.MAX_SAFE_INTEGER, at).expirySK < bound).toBe(true)
    expect(table.expiryListing(0, at + 1).expirySK > bound).toBe(true)
  })
})

describe("the idle index", () => {
  const at = Date.parse("2026-11-23T12:00:00Z")

  test("has tokens by the day of their last use, flagged ones by that of their flag", () => {
    const idleSK = `020780#${encoded}`
    expect(table.idleListing(id, at)).toEqual({ idlePK: "IDLE#02", idleSK })
    expect(table.flaggedListing(id, at)).toEqual({ idlePK: "FLAG#02", idleSK })
    expect(table.idleListing(id, 0).idleSK).toMatch(/^00000[01]#/)
  })

  test("has a day that begins at another time for each token, and is a day long", () => {
    const begins = (token: number) => {
      const dayOf = (instant: number) => table.idleListing(token, instant).idleSK.slice(0, 6)
      let hour = 0
      while (dayOf(at + hour * 3_600_000) === dayOf(at)) hour += 1
      expect(Number(dayOf(at + day))).toBe(Number(dayOf(at)) + 1)
      return hour
    }
    const hours = Array.from({ length: 200 }, (_, n) => begins(id + n * 4099))
    expect(Math.max(...hours)).toBeLessThanOrEqual(24)
    expect(new Set(hours).size).toBeGreaterThan(20)
  })

  test("has a bound below which every token stands that is as old, and nothing that is two days younger", () => {
    const bound = table.idleBound(at)
    for (let n = 0; n < 200; n++) {
      const sortKey = (instant: number) => table.idleListing(id + n * 4099, instant).idleSK
      expect(sortKey(at) < bound).toBe(true)
      expect(sortKey(at + 2 * day) > bound).toBe(true)
    }
  })

  test("tells by the sort key alone which token may be as old as that: for certain a day later", () => {
    for (let n = 0; n < 200; n++) {
      const { idleSK } = table.idleListing(id + n * 4099, at)
      for (const [later, may] of [
        [0, true],
        [day, true],
        [-day, false],
      ] as const)
        expect([n, later, table.mayBeIdleSince(idleSK, at + later)]).toEqual([n, later, may])
    }
  })
})
