import { describe, expect, test } from "vitest"
import type { Token } from "../../../shared/contract/objects.ts"
import { orphanedTokens, tokenChecks } from "../../../shared/store/review-checks.ts"
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

  test("that has not finished, or never begun, tells nothing", () => {
    const { finishedAt, ...unfinished } = last({})
    expect(orphanedTokens(unfinished, now)).toMatchObject({
      result: "attention",
      evidence: "The integrity check of 2026-11-15T11:50:00Z has not finished.",
    })
    expect(orphanedTokens(undefined, now).result).toBe("attention")
  })
})
