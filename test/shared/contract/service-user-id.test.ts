import { expect, test } from "vitest"
import { serviceUserIdOf } from "../../../shared/contract/service-user-id.ts"

test.each([
  ["Pipeline Automation", "pipeline_automation@service"],
  ["  Pipeline \t  Automation\n", "pipeline_automation@service"],
  ["PIPELINE_2", "pipeline_2@service"],
  ["a-b.c/d", "abcd@service"],
  // One composed letter, not an e and a mark.
  ["cafe\u0301", "caf@service"],
  ["café", "caf@service"],
  ["日本 x", "_x@service"],
  ["_", "_@service"],
])("%j is %s", (name, id) => {
  expect(serviceUserIdOf(name)).toBe(id)
})

test.each(["", " ", "日本", "!?", "\n"])("of %j nothing is left", (name) => {
  expect(serviceUserIdOf(name)).toBeUndefined()
})
