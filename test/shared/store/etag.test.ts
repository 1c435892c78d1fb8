import { expect, test } from "vitest"
import { etagOf, matchesETag } from "../../../shared/store/etag.ts"

const row = { version: 3 }

test("a row's ETag is its version, quoted", () => {
  expect(etagOf(row)).toBe('"3"')
})

test.each(['"3"', ' "3" ', '"2", "3"', '"3","4"', "*", " * ", 'W/"3", "3"'])("If-Match %s matches version 3", (tag) => {
  expect(matchesETag(tag, row)).toBe(true)
})

test.each(["", "3", '"2"', '"33"', 'W/"3"', '"3', '"*"', '"2", "4"', "**", '*, "2"', '"2" "3"'])(
  "If-Match %s doesn't",
  (tag) => {
    expect(matchesETag(tag, row)).toBe(false)
  },
)
