import { createHash } from "node:crypto"
import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb"
import { beforeAll, describe, expect, test } from "vitest"
import type { AccessReview } from "../../../shared/contract/review.ts"
import { readReview, signReview } from "../../../shared/store/review.ts"
import { reviewCsv } from "../../../shared/store/review-csv.ts"
import {
  type AccountItem,
  accountKey,
  jobKey,
  type Key,
  teamKey,
  tokenKey,
  tokenNameKey,
} from "../../../shared/store/table.ts"
import { anAccount, anAdmin, aVerifiableToken } from "../../builders.ts"
import { type FakeRuntime, fakeRuntime, frozenClock } from "../../fakes.ts"
import { createTestTable, type TestTable } from "../../tables.ts"

/** What can't be made over HTTP in a moment: many tokens, each as large as it may be. */
let table: TestTable
let runtime: FakeRuntime
beforeAll(async () => {
  table = await createTestTable()
  runtime = fakeRuntime(table.table)
  for (const key of teams) await table.put({ ...teamKey(key), key, name: wide(64, key) })
  await fill(30, 40)
  await fill(20, 0)
  await fill(1, 1000)
  await fill(2, 300)
}, 120_000)

/** Four bytes a character; a team's name comes down to its key, which is ASCII. */
const large = (length: number, tail: string) => "🔑".repeat(length - tail.length) + tail
const wide = (length: number, tail: string) => " ".repeat(length - tail.length) + tail
const teams = Array.from({ length: 50 }, (_, n) => `${"t".repeat(29)}_${String(n).padStart(2, "0")}`)
const cidrs = Array.from({ length: 50 }, (_, n) => `2001:db8:1111:2222:3333:4444:5555:${1000 + n}/128`)

let ids = 100
const createdAt = Date.parse("2026-11-01T00:00:00Z")

async function fill(accounts: number, tokens: number): Promise<void> {
  for (let n = 0; n < accounts; n++) {
    const id = ids++
    const account = anAccount({ id, userId: `${"u".repeat(95)}${id}@service`, name: large(100, String(id)) })
    await table.put({ ...account, role: "Admin", teams, purpose: large(500, "."), tokens } satisfies AccountItem)
    await putAll(Array.from({ length: tokens }, () => aTokenOf(id)).flat())
  }
}

function aTokenOf(accountId: number): Key[] {
  const id = ids++
  const name = large(100, String(id))
  const row = {
    ...aVerifiableToken({ id, accountId, allowedCidrs: cidrs }),
    name,
    version: 1,
    createdAt,
    createdById: 1,
  }
  return [{ ...tokenKey(id), ...row } as Key, { ...tokenNameKey(accountId, name), tokenId: id } as Key]
}

async function putAll(items: Key[]): Promise<void> {
  for (let start = 0; start < items.length; start += 25) {
    const requests = items.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }))
    await table.client.send(new BatchWriteCommand({ RequestItems: { [table.name]: requests } }))
  }
}

async function pages(limit: number): Promise<AccessReview[]> {
  const all: AccessReview[] = []
  let cursor: string | undefined
  do {
    const page = await readReview(runtime, { limit, cursor, binding: "b" })
    all.push(page)
    cursor = page.next_cursor ?? undefined
  } while (cursor)
  return all
}

describe("pages of much", () => {
  /** What Lambda answers at most, less what its envelope takes: quotes and line breaks are escaped in it. */
  const most = 6_000_000
  const tokensOf = ({ items }: AccessReview) => items.reduce((sum, { tokens }) => sum + tokens.length, 0)

  test("have fewer accounts than asked for, and fit into an answer, as JSON and as CSV", async () => {
    const all = await pages(50)
    // Newest first: 300 and 300, each by itself; a thousand alone; twenty without any, and twelve of forty each; the rest.
    expect(all.map((page) => [page.items.length, tokensOf(page)])).toEqual([
      [1, 300],
      [1, 300],
      [1, 1000],
      [32, 480],
      [12, 480],
      [6, 240],
    ])
    for (const page of all) {
      expect(Buffer.byteLength(JSON.stringify(JSON.stringify(page)))).toBeLessThan(most)
      expect(Buffer.byteLength(JSON.stringify(reviewCsv(page, 50).text))).toBeLessThan(most)
    }
  }, 60_000)

  test("lead to the hash that is signed, in whatever pages", async () => {
    const hashes = new Set([await pages(7), await pages(50)].map((all) => all.at(-1)?.hash as string))
    expect(hashes.size).toBe(1)
    const [hash = ""] = hashes
    expect(await signReview(runtime, anAdmin(), { hash })).toMatchObject({ hash, accounts: 53, tokens: 2800 })
  }, 60_000)
})

test("the hash of nothing is signed too", async () => {
  const { table: empty } = await createTestTable()
  const nothing = fakeRuntime(empty)
  const { hash, items, next_cursor } = await readReview(nothing, { limit: 50, binding: "b" })
  expect([items, next_cursor]).toEqual([[], null])
  expect(await signReview(nothing, anAdmin(), { hash: hash as string })).toMatchObject({ accounts: 0, tokens: 0 })
})

test("an account that is being deleted is not in it", async () => {
  const { table: own, put } = await createTestTable()
  const stage = fakeRuntime(own)
  await put({ ...anAccount({ id: 1 }) })
  const before = await readReview(stage, { limit: 50, binding: "b" })
  await put({ ...anAccount({ id: 2, state: "DELETING" }) })
  const after = await readReview(stage, { limit: 50, binding: "b" })
  expect([after.items.map(({ user }) => user.id), after.hash]).toEqual([[1], before.hash])
  await put({ ...anAccount({ id: 1, version: 2 }), ...accountKey(1) })
  expect((await readReview(stage, { limit: 50, binding: "b" })).hash).not.toBe(before.hash)
})

describe("a review of one account", () => {
  const now = Date.parse("2026-11-23T12:00:00Z")
  const day = 86_400_000
  const aStage = async (over: Partial<AccountItem> = {}) => {
    const own = await createTestTable()
    await own.put({ ...anAccount({ id: 1, version: 4, epoch: 2, ...over }) })
    const stage = fakeRuntime(own.table, frozenClock(now))
    const putToken = async (id: number, version: number) => {
      const token = { ...tokenKey(id), ...aVerifiableToken({ id, accountId: 1 }), version, createdAt, createdById: 1 }
      await own.put({ ...token, name: `t${id}` })
      await own.put({ ...tokenNameKey(1, `t${id}`), tokenId: id })
    }
    return { ...own, stage, putToken, read: () => readReview(stage, { limit: 50, binding: "b" }) }
  }
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")
  const checksOf = (review: AccessReview, id: string) => review.items[0]?.checks.find((check) => check.check === id)

  test("has the hash of its version and epoch, and its tokens' by their ids, after that of nothing", async () => {
    const { putToken, read } = await aStage()
    // Their guards stand in the order of the names.
    for (const [id, version] of [
      [9, 5],
      [10, 6],
    ] as const)
      await putToken(id, version)
    expect((await read()).hash).toBe(sha256([sha256(""), "account 1 4 2", "token 9 5", "token 10 6"].join("\n")))
  })

  test("is signed only by its hash: another one is stale, and leaves no event", async () => {
    const { stage, read, dump } = await aStage()
    await expect(signReview(stage, anAdmin(), { hash: sha256("") })).rejects.toMatchObject({ code: "review-stale" })
    const trail = async () => (await dump()).filter(({ PK }) => PK.startsWith("AUD#"))
    expect(await trail()).toEqual([])
    await signReview(stage, anAdmin(), { hash: (await read()).hash as string, reason: "fourth quarter" })
    expect(await trail()).toMatchObject([
      { PK: "AUD#REVIEW", action: "review.signed", reason: "fourth quarter", subject: { userId: "access-review" } },
    ])
  })

  test.each([
    ["created", (at: number) => ({ role: "Editor" as const, createdAt: at })],
    ["used last", (at: number) => ({ role: "Editor" as const, createdAt: 0, lastUsed: at })],
  ])(
    "with a role that it makes no use of asks for less, 90 days after it was %s, to the millisecond",
    async (_, over) => {
      for (const [at, unused] of [
        [now - 90 * day + 1, "ok"],
        [now - 90 * day, "attention"],
        [now - 90 * day - 1, "attention"],
      ] as const) {
        const { read } = await aStage(over(at))
        expect([at, checksOf(await read(), "least-privilege")?.result]).toEqual([at, unused])
      }
    },
  )

  test("names the teams that are gone, and no other", async () => {
    const { read, put } = await aStage({ teams: ["here", "gone"] })
    await put({ ...teamKey("here"), key: "here", name: "Here" })
    expect(checksOf(await read(), "team-memberships")?.evidence).toContain("Not there any more: gone.")
  })

  test("tells of orphaned tokens as the last check of integrity found them", async () => {
    const { read, put } = await aStage()
    const [never] = (await read()).checks
    const found = { "orphaned-token": 3 }
    await put({ ...jobKey("integrity"), startedAt: now - day, finishedAt: now - day, findings: found, tokens: 1 })
    const [last] = (await read()).checks
    expect(last?.check).toBe("no-orphaned-tokens")
    expect(last).not.toEqual(never)
  })
})
