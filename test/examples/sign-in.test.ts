import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { signInAt } from "../../examples/sign-in/sign-in-at.ts"
import { type LocalIssuer, startIssuer } from "../../infra/local/issuer.ts"
import { people } from "../../infra/local/people.ts"
import { seedPeople } from "../../infra/local/seed-people.ts"
import { startNode } from "../infra/node.ts"
import { type LocalTestStack, startTestStack } from "../local-stack.ts"
import { aHuman } from "../people.ts"

/** `npm run example:sign-in` at the running product, whose people `npm start` has made. */
let issuer: LocalIssuer
let stack: LocalTestStack
beforeAll(async () => {
  issuer = await startIssuer({ port: 0 })
  stack = await startTestStack(undefined, issuer.url)
  await seed()
})
afterAll(async () => {
  await stack.stop()
  await issuer.stop()
})

const seed = (api = stack.admin, url = issuer.url) =>
  seedPeople({ api, issuer: url, file: join(stack.directory, "issuer") })
const walk = () => {
  const args = ["--import", "./infra/require-node.mjs", "examples/sign-in/walk.ts"]
  return startNode(args, { SYMBOLON_URL: stack.url, SYMBOLON_ISSUER: issuer.url }).ended
}
const humans = async () => {
  const { items } = await stack.admin["users/list"]({ query: { user_type: "User" } })
  return new Map(items.map((human) => [human.user_id, human]))
}
const signIn = async (email: string) => {
  const id_token = await signInAt(issuer.url, "console", "http://127.0.0.1:4000/callback", email)
  return stack.send("/sign-in", { method: "POST", token: "", body: JSON.stringify({ id_token }) })
}

describe("the walk", () => {
  test("signs a human of each role in, and out again", async () => {
    const { status, stdout, stderr } = await walk()
    expect([status, stderr]).toEqual([0, ""])
    const lines = stdout.trimEnd().split("\n")
    expect(lines.map((line) => line.split(" ")[0])).toEqual(people.map(({ email }) => email))
    for (const [index, { role }] of people.entries())
      expect(lines[index]).toMatch(
        new RegExp(`signed in until \\S+Z \\(${role}: .*results:read.*\\), signed out, and is refused: Token revoked$`),
      )
    for (const { email } of people) {
      const { items } = await stack.admin["audit-events/list"]({ query: { user_id: email, limit: 2 } })
      expect(items.map(({ action }) => action)).toEqual(["token.revoked", "account.signed-in"])
    }
  })

  test("ends where somebody is not let in, and says so", async () => {
    const { id } = (await humans()).get("manager@example.com") ?? {}
    await stack.admin["users/update"]({ id: id as number, body: { active: false } })
    const { status, stdout, stderr } = await walk()
    expect([status, stdout.split("\n").length]).toEqual([1, 2])
    expect(stderr).toBe("sign-in: POST /sign-in answers 401 (Sign-in refused), not 201\n")
    await stack.admin["users/update"]({ id: id as number, body: { active: true } })
  })

  test("says what is missing where nothing runs", async () => {
    const args = ["examples/sign-in/walk.ts"]
    const { status, stderr } = await startNode(args, { SYMBOLON_ISSUER: "http://127.0.0.1:1" }).ended
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^sign-in: .*: is npm start running\?\n$/)])
  })
})

describe("the people that npm start makes", () => {
  test("are left as they have been made", async () => {
    const before = await humans()
    const { id } = before.get("editor@example.com") ?? {}
    await stack.admin["users/update"]({ id: id as number, body: { role: "Member", email: "ed@example.com" } })
    await seed()
    const after = await humans()
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort())
    expect(after.get("editor@example.com")).toMatchObject({ role: "Member", email: "ed@example.com", bound: true })
  })

  test("stay deleted", async () => {
    const { id } = (await humans()).get("member@example.com") ?? {}
    await stack.admin["users/update"]({ id: id as number, body: { active: false } })
    await stack.admin["users/delete"]({ id: id as number })
    await seed()
    expect((await humans()).has("member@example.com")).toBe(false)
  })

  test("are unbound for another issuer, once", async () => {
    await seed(stack.admin, "http://127.0.0.1:1")
    expect((await humans()).get("manager@example.com")?.bound).toBe(false)
    expect((await signIn("manager@example.com")).status).toBe(201)
    await seed(stack.admin, "http://127.0.0.1:1")
    expect((await humans()).get("manager@example.com")?.bound).toBe(true)
  })

  test("are nobody's to change who is no administrator", async () => {
    const { bearerToken } = await aHuman(stack, "Manager")
    await seed(stack.as(bearerToken))
    expect((await humans()).get("manager@example.com")?.bound).toBe(true)
  })
})
