import { describe, expect, test } from "vitest"
import { ApiProblem, createClient } from "../../../shared/contract/client.ts"

const answering = (status: number, body: string) =>
  createClient(
    "https://api.example.com/api",
    () => "token",
    async () => new Response(body, { status }),
  )

describe("a refusal is an ApiProblem, whoever it came from", () => {
  test.each([
    [404, '{"type":"/api/problems/not-found","title":"Not found","instance":"x"}', "/api/problems/not-found"],
    [413, '{"message":"Request Too Long"}', "about:blank"],
    [502, "<html>Bad Gateway</html>", "about:blank"],
    [503, "", "about:blank"],
  ])("%i %s", async (status, body, type) => {
    const problem = await answering(status, body)
      ["users/me"]({})
      .catch((error) => error)
    expect(problem).toBeInstanceOf(ApiProblem)
    expect([problem.status, problem.problem.type]).toEqual([status, type])
  })

  test.each([
    ['{"type":"/api/problems/not-found","title":"Not found"}', "ApiProblem: Not found"],
    ['{"type":"/api/problems/not-found"}', "ApiProblem: /api/problems/not-found"],
  ])("%s says %s where somebody logs it", async (body, says) => {
    expect(await answering(404, body)["users/me"]({}).catch(String)).toBe(says)
  })
})

test("a reply that isn't what the contract says is not handed on", async () => {
  await expect(answering(200, '{"id":1}')["users/get"]({ id: 1 })).rejects.toThrow()
})

const base = "https://api.example.com/api"
/** A client, what it has sent, and what it is answered in turn. */
function recording(...answers: string[]) {
  const sent: Request[] = []
  const client = createClient(
    base,
    () => "the-token",
    async (request) => {
      sent.push(request as Request)
      return new Response(answers[sent.length - 1] ?? '{"items":[],"next_cursor":null}')
    },
  )
  return { client, sent }
}
const headersOf = (request?: Request) => Object.fromEntries(request?.headers ?? [])

test("a request says all that it was given, and nothing of what it wasn't", async () => {
  const { client, sent } = recording()
  await client["users/list"]({ query: { limit: 5, q: "a b&c", role: undefined } })
  expect(sent[0]?.url).toBe(`${base}/users?limit=5&q=a+b%26c`)
  expect(headersOf(sent[0])).toEqual({ authorization: "Bearer the-token" })
  expect([sent[0]?.method, await sent[0]?.text()]).toEqual(["GET", ""])
})

test("a body, its type, and the two headers that change what is done are sent where they belong", async () => {
  const { client, sent } = recording("{}", "{}")
  await client["user-tokens/rotate"]({ id: 7, body: { overlap_hours: 1 }, idempotencyKey: "once" }).catch(() => {})
  await client["users/update"]({ id: 8, body: { name: "n" }, ifMatch: '"3"' }).catch(() => {})
  await client["users/revoke-tokens"]({ id: 9 }).catch(() => {})
  const common = { authorization: "Bearer the-token", "content-type": "application/json" }
  expect(sent.map(({ method, url }) => `${method} ${url}`)).toEqual([
    `POST ${base}/user-tokens/7/rotate`,
    `PUT ${base}/users/8`,
    `POST ${base}/users/9/revoke-tokens`,
  ])
  expect(sent.map(headersOf)).toEqual([
    { ...common, "idempotency-key": "once" },
    { ...common, "if-match": '"3"' },
    common,
  ])
  expect(await Promise.all(sent.map((request) => request.text()))).toEqual([
    '{"overlap_hours":1}',
    '{"name":"n"}',
    "{}",
  ])
})

test("a word of a path can't leave its place", async () => {
  const { client, sent } = recording("page")
  expect(await client["docs/problem"]({ slug: "../users?x=1" })).toBe("page")
  expect(sent[0]?.url).toBe(`${base}/problems/..%2Fusers%3Fx%3D1`)
})

test("what answers without a body is answered undefined", async () => {
  expect(await recording("").client["teams/delete"]({ key: "a" }).catch(String)).toBeUndefined()
})

test("a list is walked to its end, page after page, with its filters", async () => {
  const team = (key: string) => ({ key, name: key, uses: 0, created_at: "2026-11-23T12:00:00Z", created_by_id: 1 })
  const page = (keys: string[], next_cursor: string | null) => JSON.stringify({ items: keys.map(team), next_cursor })
  const { client, sent } = recording(page(["a", "b"], "two"), page([], "three"), page(["c"], null))
  const found: string[] = []
  for await (const { key } of client.all("teams/list", { query: { q: "x" } })) found.push(key)
  expect(found).toEqual(["a", "b", "c"])
  expect(sent.map(({ url }) => url)).toEqual([
    `${base}/teams?q=x`,
    `${base}/teams?q=x&cursor=two`,
    `${base}/teams?q=x&cursor=three`,
  ])
})
