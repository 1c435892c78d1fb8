import { expect, it } from "vitest"
import { readPattern } from "../../../infra/local/event-pattern.ts"

const event = {
  source: "symbolon.local",
  "detail-type": "token.revoked",
  resources: ["one", "two"],
  detail: { after: { compromised: true, days: 7, by: null }, list: [{ name: "a" }, { name: "b" }] },
}

it.each<[matches: boolean, pattern: object]>([
  [true, { "detail-type": ["token.revoked"] }],
  [true, { "detail-type": ["token.created", "token.revoked"] }],
  [false, { "detail-type": ["token.created"] }],
  [false, { "detail-type": ["token"] }],
  // Every field must match, however deep.
  [true, { source: ["symbolon.local"], detail: { after: { compromised: [true], days: [7] } } }],
  [false, { source: ["symbolon.prod"], detail: { after: { compromised: [true] } } }],
  [false, { detail: { after: { compromised: [true], days: [8] } } }],
  // A literal matches its own type only.
  [false, { detail: { after: { compromised: ["true"] } } }],
  [false, { detail: { after: { days: ["7"] } } }],
  // What isn't there is not null.
  [true, { detail: { after: { by: [null] } } }],
  [false, { detail: { after: { missing: [null] } } }],
  [false, { detail: { missing: { compromised: [true] } } }],
  [false, { detail: { after: { days: { deeper: [7] } } } }],
  // Of an array, one element is enough.
  [true, { resources: ["two", "three"] }],
  [false, { resources: ["three"] }],
  [true, { detail: { list: { name: ["b"] } } }],
])("answers %j for the pattern %j", (matches, pattern) => {
  expect(readPattern(pattern)(event)).toBe(matches)
})

it.each([
  { source: [{ prefix: "symbolon." }] },
  { detail: { after: { days: [{ numeric: [">", 1] }] } } },
  { $or: [{ source: ["a"] }, { source: ["b"] }] },
  { source: "symbolon.local" },
  { source: [] },
  { source: null },
  { detail: {} },
  undefined,
])("doesn't start with the pattern %j", (pattern) => {
  expect(() => readPattern(pattern)).toThrow("the local run knows event patterns of lists of literals only")
})
