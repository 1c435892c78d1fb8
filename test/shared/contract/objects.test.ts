import { describe, expect, test } from "vitest"
import type * as z from "zod/mini"
import { parsed } from "../../../functions/validation.ts"
import * as objects from "../../../shared/contract/objects.ts"
import { Problem, type ValidationError } from "../../../shared/contract/problems.ts"
import { reviewSignature } from "../../../shared/contract/review.ts"
import { mint } from "../../../shared/token/format.ts"

/** What is wrong with a value, as a caller is told; "taken" when it isn't. */
function told(schema: z.ZodMiniType, value: unknown): string {
  try {
    parsed(schema, value)
    return "taken"
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const errors = error.extras.errors as ValidationError[]
    return errors.map(({ pointer, detail }) => `${pointer} ${detail}`.trim()).join("; ")
  }
}
const bearerToken = mint("Service", 3812345678901234, 3812345678905678, new Uint8Array(32).fill(7))
const token = { name: "n", type: "Service", expiration: "7d" }

describe("text", () => {
  const nameOf = (name: string) => told(objects.newUser, { name, role: "Member" })

  test("is trimmed, and has so many characters, a pair of surrogates being one", () => {
    for (const [name, says] of [
      ["", "/name must have 1 to 100 characters"],
      [" \n ", "/name must have 1 to 100 characters"],
      ["x", "taken"],
      ["🔑".repeat(100), "taken"],
      ["🔑".repeat(101), "/name must have 1 to 100 characters"],
      [` ${"x".repeat(100)} `, "taken"],
      ["x".repeat(101), "/name must have 1 to 100 characters"],
    ] as const)
      expect([name, nameOf(name)]).toEqual([name, says])
    expect(parsed(objects.newTeam, { name: " a  b " }).name).toBe("a  b")
  })

  test("may be empty where it is a note, and has 500 at the most", () => {
    for (const [note, says] of [
      ["", "taken"],
      ["x".repeat(500), "taken"],
      ["x".repeat(501), "/reason must have 0 to 500 characters"],
    ] as const)
      expect(told(objects.rotationEnd, { reason: note })).toBe(says)
  })

  test("is composed, whatever way it was typed, before it is counted", () => {
    const decomposed = "e\u0301".repeat(64)
    expect(parsed(objects.newTeam, { name: decomposed }).name).toBe("\u00e9".repeat(64))
    expect(parsed(objects.part, "e\u0301")).toBe("\u00e9")
  })

  test("is no half of a character, no control character, no token", () => {
    expect(nameOf("a\ud83d")).toBe("/name must be well-formed Unicode")
    expect(nameOf("a\u0007b")).toBe("/name must have no control characters")
    expect(nameOf(`x ${bearerToken}`)).toBe("/name must not hold a bearer token")
  })
})

describe("an email", () => {
  const emailOf = (email: string) => told(objects.newUser, { name: "n", role: "Member", email })

  test("is lower-cased and trimmed", () => {
    expect(parsed(objects.email, " Jane.Doe@Example.COM ")).toBe("jane.doe@example.com")
  })

  test("is ASCII: nothing that lower-casing or trimming would turn into it", () => {
    for (const email of [
      "\u212aim@example.com",
      "jane@example.com\u00a0",
      "\u00a0jane@example.com",
      "zoë@example.com",
      "jane@example.com\n",
    ])
      expect([email, emailOf(email)]).toEqual([email, expect.stringContaining("/email must be an email address")])
  })

  test("has an address's shape, 254 characters at the most, and no token", () => {
    expect(emailOf("jane")).toBe("/email must be an email address")
    expect(emailOf(`${bearerToken}@example.com`)).toContain("/email must not hold a bearer token")
    const host = `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.example`
    const local = (length: number) => `${"x".repeat(length - host.length - 1)}@${host}`
    expect([local(254).length, emailOf(local(254))]).toEqual([254, "taken"])
    expect(emailOf(local(255))).toBe("/email must have at most 254 characters")
  })
})

test("what is too long is told how long it may be", () => {
  for (const [schema, good, bad, says] of [
    [objects.userId, "x".repeat(300), "x".repeat(301), "must have at most 300 characters"],
    [objects.part, "x".repeat(100), "x".repeat(101), "must have at most 100 characters"],
    [objects.newToken.shape.expiration, "x".repeat(40), "x".repeat(41), "is too long"],
    [objects.newRotation.shape.expiration, "x".repeat(40), "x".repeat(41), "is too long"],
    [objects.newUser.shape.teams, Array(100).fill("a"), Array(101).fill("a"), "must have at most 100 entries"],
    [
      objects.newToken.shape.allowed_cidrs,
      Array(50).fill("10.0.0.0/8"),
      Array(51).fill("10.0.0.0/8"),
      "must have at most 50 entries",
    ],
    [objects.team.shape.key, "a".repeat(32), "a".repeat(33), "must be the key of a team"],
    [objects.team.shape.key, "a_0", "A", "must be the key of a team"],
    [reviewSignature.shape.hash, "0f".repeat(32), "0f".repeat(33), "must be the hash of a review"],
    [objects.auditFilters.action, "token.new-network", "token.", "must be an action such as token.revoked"],
    [objects.auditFilters.from, "2026-11-23T12:00:00+01:00", "2026-11-23", "must be an RFC 3339 instant"],
    [objects.auditFilters.to, "2026-11-23T12:00:00.123Z", "12:00", "must be an RFC 3339 instant"],
  ] as const)
    expect([told(schema, good), told(schema, bad)]).toEqual(["taken", says])
})

test("an instant of the trail has milliseconds, no more and no fewer", () => {
  const at = objects.auditEvent.shape.at
  expect(told(at, "2026-11-23T12:00:00.123Z")).toBe("taken")
  for (const other of ["2026-11-23T12:00:00Z", "2026-11-23T12:00:00.1234Z"]) expect(told(at, other)).not.toBe("taken")
})

test("a whole number is in its range, to the number", () => {
  const says = "must be an integer from 1 to 3650"
  for (const [value, expected] of [
    [0, says],
    [1, "taken"],
    [3650, "taken"],
    [3651, says],
    [1.5, says],
    ["1", says],
  ] as const)
    expect([value, told(objects.settings.shape.unused_days, value)]).toEqual([value, expected])
})

test("a number of a URL is digits without a sign or a zero before them, in its range", () => {
  const hundred = objects.wholeText(100)
  for (const good of ["1", "9", "10", "99", "100"]) expect(parsed(hundred, good)).toBe(Number(good))
  for (const bad of ["", "0", "01", "-1", "+1", "1.5", "1e2", "101", "x1", "1x", " 1", "10000", "99999"])
    expect([bad, told(hundred, bad)]).toEqual([bad, "must be an integer from 1 to 100"])
  expect(parsed(objects.maxExpiryDays, "3650")).toBe(3650)
  expect(told(objects.maxExpiryDays, "3651")).toBe("must be an integer from 1 to 3650")
})

describe("a change of a token", () => {
  test("is of its state, or of its networks", () => {
    const one = "must have exactly one of active and allowed_cidrs"
    for (const [change, says] of [
      [{ active: true }, "taken"],
      [{ active: false }, "taken"],
      [{ allowed_cidrs: [] }, "taken"],
      [{}, one],
      [{ reason: "none" }, one],
      [{ active: false, allowed_cidrs: [] }, one],
    ] as const)
      expect([change, told(objects.tokenChanges, change)]).toEqual([change, says])
  })

  test("reports a compromise with its revocation only", () => {
    const goes = "/compromised goes with active: false only"
    for (const [change, says] of [
      [{ active: false, compromised: true }, "taken"],
      [{ active: false, compromised: false }, "taken"],
      [{ active: true, compromised: true }, goes],
      [{ active: true, compromised: false }, goes],
      [{ allowed_cidrs: [], compromised: true }, goes],
    ] as const)
      expect([change, told(objects.tokenChanges, change)]).toEqual([change, says])
  })
})

test("what is left out of a creation is what people expect", () => {
  expect(parsed(objects.newUser, { name: "n", role: "Member" })).toEqual({
    ...{ name: "n", role: "Member", user_type: "Service", teams: [] },
  })
  expect(parsed(objects.newToken, token)).toEqual({ ...token, allowed_cidrs: [] })
  expect(parsed(objects.newDatastore, { name: "n" })).toEqual({ name: "n", team: "Public" })
  expect(parsed(objects.newRotation, {})).toEqual({ overlap_hours: 168 })
  expect(parsed(objects.tokensRevocation, {})).toEqual({ compromised: false })
})
