import { describe, expect, test } from "vitest"
import { fromContext, toContext } from "../../../shared/contract/caller.ts"

const account = { id: 7, userId: "a@service", userType: "Service", role: "Editor", teams: ["blue", "red"] } as const
const given = (over: object = {}, expiresAt: number | undefined = 1000) =>
  toContext({ ...account, teams: [...account.teams], ...over }, { id: 8, expiresAt }, "symsvc_x", "203.0.113.7")
/** As API Gateway hands it on: all of it as text, without what is undefined. */
const handedOn = (context: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(context).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  )

test("a context holds text and numbers alone", () => {
  expect(given()).toEqual({
    ...{ accountId: 7, userId: "a@service", userType: "Service", role: "Editor", teams: "blue,red" },
    ...{ tokenId: 8, handle: "symsvc_x", clientAddress: "203.0.113.7", expiresAt: 1000 },
  })
})

describe("a caller comes out as it went in", () => {
  const caller = {
    ...{ accountId: 7, userId: "a@service", userType: "Service", role: "Editor", teams: ["blue", "red"] },
    ...{ tokenId: 8, handle: "symsvc_x", clientAddress: "203.0.113.7", expiresAt: 1000 },
  }
  test.each([
    ["as it is", given(), caller],
    ["a human", given({ userType: "User" }), { ...caller, userType: "User" }],
    ["in no team", given({ teams: [] }), { ...caller, teams: [] }],
    ["with the least and the greatest role", given({ role: "Admin" }), { ...caller, role: "Admin" }],
  ])("%s", (_, context, expected) => {
    expect(fromContext(context)).toEqual(expected)
    expect(fromContext(handedOn(context))).toEqual(expected)
  })

  test("without an end, where its token has none, and without teams, where they were left out", () => {
    const { expiresAt: _, ...endless } = caller
    const context = handedOn(toContext({ ...account, teams: [] }, { id: 8 }, "symsvc_x", "203.0.113.7"))
    const { teams: __, ...teamless } = context
    expect(fromContext(context)).toStrictEqual({ ...endless, teams: [] })
    expect(fromContext(teamless)).toStrictEqual({ ...endless, teams: [] })
  })

  test("of a type that we don't know, as the narrower one", () => {
    expect(fromContext(given({ userType: "Robot" }))).toMatchObject({ userType: "Service" })
  })
})

describe("what isn't the authorizer's context throws", () => {
  const names = ["accountId", "userId", "userType", "role", "tokenId", "handle", "clientAddress"]
  test.each(names)("without %s, or with null for it", (name) => {
    for (const value of [undefined, null])
      expect(() => fromContext({ ...given(), [name]: value })).toThrow(`the authorizer's context has no ${name}`)
  })

  test("none at all, and an unknown role", () => {
    for (const none of [undefined, null, {}]) expect(() => fromContext(none)).toThrow("has no role")
    expect(() => fromContext({ ...given(), role: "Owner" })).toThrow("the authorizer's context has an unknown role")
  })
})
