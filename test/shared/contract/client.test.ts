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
})

test("a reply that isn't what the contract says is not handed on", async () => {
  await expect(answering(200, '{"id":1}')["users/get"]({ id: 1 })).rejects.toThrow()
})

test("a request says all that it was given, and nothing of what it wasn't", async () => {
  const sent: Request[] = []
  const client = createClient(
    "https://api.example.com/api",
    () => "the-token",
    async (request) => {
      sent.push(request as Request)
      return new Response('{"items":[],"next_cursor":null}')
    },
  )
  await client["users/list"]({ query: { limit: 5, q: "a b&c", role: undefined } })
  expect(sent[0]?.url).toBe("https://api.example.com/api/users?limit=5&q=a+b%26c")
  expect(Object.fromEntries(sent[0]?.headers ?? [])).toEqual({ authorization: "Bearer the-token" })
})
