import { expect, it } from "vitest"
import { readTransformer } from "../../../infra/local/input-transformer.ts"

const event = {
  id: "1",
  detail: {
    "user-id": "a@example.com",
    refused: 12,
    again: false,
    networks: ["10.0.0.0/24", "::/64"],
    after: { a: "b" },
  },
}
const transformed = (InputTemplate: string, InputPathsMap?: Record<string, string>) =>
  readTransformer({ InputTemplate, ...(InputPathsMap && { InputPathsMap }) })(event)

it.each([
  ["$.id", "1"],
  ["$.detail.user-id", "a@example.com"],
  ["$.detail.refused", "12"],
  ["$.detail.again", "false"],
  ["$.detail.networks", "[10.0.0.0/24,::/64]"],
  ["$.detail.after", "{a:b}"],
  ["$.detail.missing", ""],
  ["$.detail.refused.missing.deeper", ""],
])("puts the value at %s into the text, in its quotation marks", (path, value) => {
  expect(transformed('"of <the-value>, <the-value>."', { "the-value": path })).toBe(`"of ${value}, ${value}."`)
})

it("takes a text as it is", () => {
  expect(transformed('"a text, 1 < 2, of \\"one\\" line"')).toBe('"a text, 1 < 2, of \\"one\\" line"')
})

it.each(['{"a": "<id>"}', '"one" "two"', "<id>", "text", ""])("doesn't start with the template %s", (template) => {
  expect(() => transformed(template, { id: "$.id" })).toThrow("the local run knows input templates of one string only")
})

it.each(["$", "detail", "$.list[0]", "$.*", "$.detail.a/b"])("doesn't start with the path %s", (path) => {
  expect(() => transformed('"<id>"', { id: path })).toThrow("the local run knows paths of names only")
})

it("doesn't start with a name that has no path", () => {
  expect(() => transformed('"<id> <other>"', { id: "$.id" })).toThrow("names <other>, which its paths don't have")
})
