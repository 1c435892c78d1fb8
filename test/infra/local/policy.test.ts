import { describe, expect, it } from "vitest"
import { isAllowed } from "../../../infra/local/policy.ts"

const arn = "arn:aws:execute-api:us-east-1:000000000000:abc/api/GET/users/12"
const statement = (Effect: string, Resource: string | string[], Action: string | string[] = "execute-api:Invoke") => ({
  Effect,
  Action,
  Resource,
})
const allowed = (...Statement: ReturnType<typeof statement>[]) => isAllowed({ Statement }, arn)

describe("a policy allows", () => {
  it.each([
    ["the very ARN", arn],
    ["all below a method, slashes included", "arn:aws:execute-api:us-east-1:000000000000:abc/api/GET/*"],
    ["a wildcard in the middle", "arn:aws:execute-api:*:abc/*/GET/users/12"],
    ["one character", "arn:aws:execute-api:us-east-1:000000000000:abc/api/GET/users/1?"],
    ["everything", "*"],
    ["one of several resources", ["arn:aws:execute-api:us-east-1:000000000000:abc/api/POST/*", arn]],
  ])("%s", (_, resource) => {
    expect(allowed(statement("Allow", resource))).toBe(true)
  })

  it.each(["execute-api:*", "*", ["execute-api:ManageConnections", "execute-api:Invoke"]])(
    "the action %j",
    (action) => {
      expect(allowed(statement("Allow", "*", action))).toBe(true)
    },
  )

  it("with a single statement that stands in no list", () => {
    expect(isAllowed({ Statement: statement("Allow", "*") }, arn)).toBe(true)
  })
})

describe("a policy denies", () => {
  it("what no statement names", () => {
    expect(allowed()).toBe(false)
    expect(isAllowed({}, arn)).toBe(false)
  })

  it.each([
    ["another method", "arn:aws:execute-api:us-east-1:000000000000:abc/api/POST/*"],
    ["another path", "arn:aws:execute-api:us-east-1:000000000000:abc/api/GET/users/13"],
    ["a beginning only", "arn:aws:execute-api:us-east-1:000000000000:abc/api/GET/users/1"],
    ["an ending only", "us-east-1:000000000000:abc/api/GET/users/12"],
    ["two characters for one", "arn:aws:execute-api:us-east-1:000000000000:abc/api/GET/users/?"],
    ["what would match as a regular expression", "arn:aws:execute-api:us-east-1:0+:abc/api/GET/users/[0-9].$"],
  ])("what is allowed for %s", (_, resource) => {
    expect(allowed(statement("Allow", resource))).toBe(false)
  })

  it.each(["execute-api:ManageConnections", "execute-api:InvalidateCache", "lambda:Invoke*", []])(
    "what is allowed for the action %j",
    (action) => {
      expect(allowed(statement("Allow", "*", action))).toBe(false)
    },
  )

  it("what one statement allows and another denies, in either order", () => {
    expect(allowed(statement("Allow", "*"), statement("Deny", arn))).toBe(false)
    expect(allowed(statement("Deny", "*"), statement("Allow", arn))).toBe(false)
  })

  it("by a statement of its own action and resource only", () => {
    expect(allowed(statement("Allow", "*"), statement("Deny", `${arn}3`))).toBe(true)
    expect(allowed(statement("Allow", "*"), statement("Deny", "*", "execute-api:InvalidateCache"))).toBe(true)
  })
})
