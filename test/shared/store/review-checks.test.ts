import { describe, expect, test } from "vitest"
import type { Token, User } from "../../../shared/contract/objects.ts"
import { accountChecks, orphanedTokens, tokenChecks } from "../../../shared/store/review-checks.ts"
import { type IntegrityItem, jobKey } from "../../../shared/store/table.ts"

const token = (over: object = {}): Token => ({
  id: 1,
  name: "api-production",
  type: "Service",
  active: true,
  status: "active",
  expiration: "2026-12-01T00:00:00Z",
  last_used: null,
  handle: "symsvc_HSYTyqcksHSYTyqduY",
  allowed_cidrs: [],
  created_at: "2026-11-01T00:00:00Z",
  created_by_id: 1,
  flags: [],
  rotation: null,
  user: { id: 1, user_id: "a@service", name: "A", user_type: "Service" },
  ...over,
})
const resultOf = (over: object, check: string) => tokenChecks(token(over)).find((one) => one.check === check)?.result

describe("a name says something", () => {
  test.each([
    ...["pipeline-production", "api-access-prod", "alation-sync-staging", "cli-automation-dev", "Atlan", "test-bench"],
    ...["etl", "生产", "ключ CRM", "हिंदी", "prod 2", "x-ray"],
  ])("%j", (name) => expect(resultOf({ name }, "clear-token-name")).toBe("ok"))

  test.each([
    ...[
      "token",
      "Token",
      "TEST",
      "temp",
      "tmp",
      "new",
      "key",
      "default",
      "api",
      "untitled",
      "test1",
      "test-1",
      "Test 2",
    ],
    ...[
      "token_",
      "_key",
      "(new)",
      "api-key",
      "My new token".slice(3),
      "1",
      "2026-11-05",
      "x",
      "ab",
      "x1",
      "-",
      "🔑",
      "v2",
    ],
  ])("but %j doesn't", (name) => expect(resultOf({ name }, "clear-token-name")).toBe("attention"))
})

test("a token that is about to expire is fine while it is being rotated", () => {
  const flags = ["expiring"]
  expect(resultOf({ flags }, "no-expiry-without-rotation")).toBe("attention")
  const [, check] = tokenChecks(token({ flags, rotation: { status: "pending" } }))
  expect(check).toEqual({
    check: "no-expiry-without-rotation",
    result: "ok",
    evidence: "Expires 2026-12-01T00:00:00Z; a rotation is under way.",
  })
})

describe("an account", () => {
  const user = (over: Partial<User> = {}): User => ({
    ...{
      id: 1,
      user_id: "a@service",
      user_name: "a@service",
      email: "ops@example.com",
      name: "A",
      user_type: "Service",
    },
    ...{ role: "Editor", teams: ["Public"], purpose: "Nightly sync", active: true, status: "active", bound: false },
    ...{ created_at: "2026-11-01T00:00:00Z", created_by_id: 1, last_used: "2026-11-20T00:00:00Z" },
    ...over,
  })

  test("that says what it is for, is used, and is in a few teams gives nothing to ask", () => {
    expect(accountChecks(user(), [], false)).toEqual([
      { check: "documented-purpose", result: "ok", evidence: "Purpose: Nightly sync" },
      {
        check: "least-privilege",
        result: "ok",
        evidence: "Editor: results:read, datastores:read, resources:write. Last used 2026-11-20T00:00:00Z.",
      },
      { check: "team-memberships", result: "ok", evidence: "In Public." },
    ])
  })

  test("without a purpose is asked for one", () => {
    expect(accountChecks(user({ purpose: null }), [], false)[0]).toEqual({
      check: "documented-purpose",
      result: "attention",
      evidence: "No purpose.",
    })
  })

  test.each<[User["role"], unused: boolean, "ok" | "attention"]>([
    ["Member", false, "ok"],
    ["Member", true, "ok"],
    ["Editor", false, "ok"],
    ["Editor", true, "attention"],
    ["Manager", false, "ok"],
    ["Manager", true, "attention"],
    ["Admin", false, "attention"],
    ["Admin", true, "attention"],
  ])("that is %s, unused: %s: %s", (role, unused, result) => {
    const [, check] = accountChecks(user({ role, last_used: null }), [], unused)
    expect(check).toMatchObject({ check: "least-privilege", result })
    expect(check?.evidence).toMatch(new RegExp(`^${role}: .*\\. Not used yet, made 2026-11-01T00:00:00Z\\.$`))
  })

  test("in ten teams besides Public, and in eleven", () => {
    const teams = (count: number) => ["Public", ...Array.from({ length: count }, (_, n) => `T${n}`)]
    expect(accountChecks(user({ teams: teams(10) }), [], false)[2]?.result).toBe("ok")
    expect(accountChecks(user({ teams: teams(11) }), [], false)[2]).toEqual({
      check: "team-memberships",
      result: "attention",
      evidence: `In ${teams(11).join(", ")}. More than 10 besides Public.`,
    })
  })

  test("in a team that is gone", () => {
    expect(accountChecks(user({ teams: ["Public", "old", "older"] }), ["old", "older"], false)[2]).toEqual({
      check: "team-memberships",
      result: "attention",
      evidence: "In Public, old, older. Not there any more: old, older.",
    })
  })
})

describe("a token", () => {
  const said = (over: object) => tokenChecks(token(over)).map(({ result, evidence }) => [result, evidence])

  test("that is clear, expires in a while and is used gives nothing to ask", () => {
    expect(tokenChecks(token({ last_used: "2026-11-20T00:00:00Z" }))).toEqual([
      { check: "clear-token-name", result: "ok", evidence: 'Named "api-production".' },
      {
        check: "no-expiry-without-rotation",
        result: "ok",
        evidence: "Expires 2026-12-01T00:00:00Z; no rotation is under way.",
      },
      { check: "recently-used", result: "ok", evidence: "Last used 2026-11-20T00:00:00Z." },
    ])
  })

  test("is asked what it is for, and whether anybody needs it", () => {
    expect(said({ name: "token", flags: ["unused", "never-expires"], expiration: null })).toEqual([
      ["attention", 'Named "token", which doesn\'t say for what.'],
      ["ok", "Never expires."],
      ["attention", "Not used yet, made 2026-11-01T00:00:00Z."],
    ])
  })

  test.each(["revoked", "expired"])("that is %s is asked nothing", (status) => {
    expect(said({ status, name: "token", flags: ["unused", "expiring"] })).toEqual(
      Array(3).fill(["ok", `The token is ${status}.`]),
    )
  })
})

test("a token of an account that is deactivated is asked like any other: it may come back", () => {
  const over = { status: "account-inactive", flags: ["unused", "expiring"], name: "test" }
  expect(tokenChecks(token(over)).map(({ result }) => result)).toEqual(["attention", "attention", "attention"])
})

describe("the integrity check", () => {
  const now = Date.parse("2026-11-23T12:00:00Z")
  const [second, day] = [1000, 86_400_000]
  const last = (over: Partial<IntegrityItem>): IntegrityItem => ({
    ...jobKey("integrity"),
    version: 1,
    startedAt: now - 8 * day - 600 * second,
    finishedAt: now,
    source: 19,
    tokens: 12,
    accounts: 3,
    findings: { "orphaned-token": 0, "token-count": 7 },
    ...over,
  })

  test.each([
    ["ok", { finishedAt: now - 8 * day + second }],
    ["ok", { finishedAt: now - 8 * day }],
    ["attention", { finishedAt: now - 8 * day - second }],
    ["attention", { findings: { "orphaned-token": 1 } }],
  ] as const)("is %s with %j", (result, over) => expect(orphanedTokens(last(over), now).result).toBe(result))

  test("says what it found, and whether that is old", () => {
    const evidence = (over: Partial<IntegrityItem>) => orphanedTokens(last(over), now).evidence
    expect(evidence({})).toBe("The integrity check of 2026-11-15T11:50:00Z found 0 of 12 tokens without an account.")
    expect(evidence({ finishedAt: now - 9 * day, findings: { "orphaned-token": 2 } })).toBe(
      "The integrity check of 2026-11-15T11:50:00Z, more than 8 days ago, found 2 of 12 tokens without an account.",
    )
    expect(orphanedTokens(last({ findings: {} }), now).result).toBe("ok")
  })

  test("that has not finished, or never begun, tells nothing", () => {
    const { finishedAt, ...unfinished } = last({})
    expect(orphanedTokens(unfinished, now)).toMatchObject({
      result: "attention",
      evidence: "The integrity check of 2026-11-15T11:50:00Z has not finished.",
    })
    expect(orphanedTokens(undefined, now)).toEqual({
      check: "no-orphaned-tokens",
      result: "attention",
      evidence: "No integrity check has been made.",
    })
  })
})
