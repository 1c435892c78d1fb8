import { expect, test } from "vitest"
import { prefersCsv } from "../../functions/accept.ts"

test.each([
  "text/csv",
  "Text/CSV",
  " text/csv ; charset=utf-8 ",
  "text/csv;header=present;q=1.000",
  "text/*",
  "text/csv, application/json;q=0.9",
  "application/json;q=0.5, text/csv;q=0.6",
  "text/csv, */*;q=0.1",
  "application/json;q=0, */*;q=0.1",
  "text/html, text/csv;q=0.001",
  "*/*;q=0.5, text/*;q=0.6",
])("%j would rather have CSV", (accept) => expect(prefersCsv(accept)).toBe(true))

test.each([
  undefined,
  "",
  "*/*",
  "application/json",
  "application/json, text/csv",
  "text/csv, application/json",
  "text/csv;q=0.5, application/json;q=0.6",
  "text/csv, */*",
  "text/csv;q=0",
  "text/*, text/csv;q=0",
  "text/*, application/*",
  "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "text/csv;q=2",
  "text/csv;q=-1",
  "text/csv;q=",
  "text/csvx",
  "text",
  ",;,=",
])("%j gets JSON", (accept) => expect(prefersCsv(accept)).toBe(false))
