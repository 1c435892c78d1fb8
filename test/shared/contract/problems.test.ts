import { expect, test } from "vitest"
import { invalid, Problem, problemBody, problemUrn } from "../../../shared/contract/problems.ts"

test("the body of a problem has the members of RFC 9457, and what is the problem's own", () => {
  expect(problemBody("team-in-use", "instance")).toEqual({
    type: "/api/problems/team-in-use",
    title: "Team in use",
    status: 409,
    detail: "Accounts or datastores belong to this team. Take them out of it first.",
    instance: "instance",
  })
  expect(problemBody("token-already-issued", "i", { token: { id: 1 } })).toMatchObject({
    type: "/api/problems/token-already-issued",
    token: { id: 1 },
  })
  expect(problemUrn("not-found")).toBe("urn:symbolon:problem:not-found")
})

test("a problem knows its status, and says its code where somebody logs it", () => {
  const problem = new Problem("last-admin", { why: 1 })
  expect(problem).toBeInstanceOf(Error)
  expect([problem.status, problem.code, problem.extras, String(problem)]).toEqual([
    409,
    "last-admin",
    { why: 1 },
    "Problem: last-admin",
  ])
  expect(new Problem("not-found").extras).toEqual({})
})

test("what is invalid is told with each field", () => {
  const errors = [
    { pointer: "/a", detail: "is required" },
    { pointer: "/b", detail: "is too long" },
  ]
  const { code, extras } = invalid(...errors)
  expect([code, extras]).toEqual(["validation-failed", { errors }])
})
