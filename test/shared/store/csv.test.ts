import { describe, expect, test } from "vitest"
import { csvOf, guard } from "../../../shared/store/csv.ts"

/** What begins a formula: in ASCII, in full width, and what OWASP names besides. */
const starts = ["=", "+", "-", "@", "＝", "＋", "－", "＠"]
const breaks = ["\t", "\r", "\n"]
/** What a spreadsheet strips, or doesn't show. */
const before = [" ", "  ", "\u00a0", "\u3000", "\t", "\ufeff", "\u200b", "\u00ad", '"', "'", "’", ' "', "' "]

describe("a cell", () => {
  test.each(starts)("that begins with %s is guarded, whatever stands invisibly before it", (start) => {
    for (const prefix of ["", ...before])
      for (const rest of ["", "1", "SUM(A1)", "cmd|' /C calc'!A0"])
        expect(guard(prefix + start + rest)).toBe(`'${prefix}${start}${rest}`)
  })

  test.each(breaks)("that begins with %j is guarded", (start) => {
    expect(guard(`${start}text`)).toBe(`'${start}text`)
  })

  test.each([
    [
      "",
      "a",
      "a=1",
      "a+b",
      "1-2",
      "me@example.com",
      " a",
      '"a"',
      "'a",
      "ä",
      "生产",
      "|cmd",
      "%1",
      "2026-11-05T12:34:56Z",
    ],
  ])("that begins with none of them stays as it is: %j", (...texts) => {
    for (const text of texts) expect(guard(text)).toBe(text)
  })

  test("is guarded so that the text can be had back: two texts never become one", () => {
    const texts = [...starts, ...before, "a"].flatMap((one) => ["", ...starts].map((other) => one + other))
    const guarded = [...new Set([...texts, ...texts.map((text) => `'${text}`)])].map(guard)
    expect(new Set(guarded).size).toBe(guarded.length)
  })
})

test.each([
  ["a,b", '"a,b"'],
  ['say "a"', '"say ""a"""'],
  ["a\nb", '"a\nb"'],
  ["a\rb", '"a\rb"'],
  ["a;b", "a;b"],
  [" a ", " a "],
  ["=1,2", `"'=1,2"`],
  ['"=1"', `"'""=1"""`],
  ["", ""],
])("%j stands in a line as %s", (text, expected) => {
  expect(csvOf([["x", text]])).toBe(`x,${expected}\r\n`)
})
