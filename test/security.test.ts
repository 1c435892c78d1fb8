import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { requirements } from "./asvs.ts"

/** What SECURITY.md and docs/asvs.md promise: that the tests which they quote are there, and that no requirement is passed over. */
const root = join(import.meta.dirname, "..")
const security = readFileSync(join(root, "SECURITY.md"), "utf8")
const asvs = readFileSync(join(root, "docs/asvs.md"), "utf8")

/** The cells of each row of each table. */
const rowsOf = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => /^\| (?!---)/.test(line))
    .map((line) =>
      line
        .slice(2, -1)
        .split("|")
        .map((cell) => cell.trim()),
    )

/** The quoted titles, each with the test file before it. */
function quotedIn(cell: string): [file: string, title: string][] {
  let file = ""
  return [...cell.matchAll(/`(test\/[^`]+)`|"([^"]+)"/g)].flatMap(([, path, title]): [string, string][] => {
    file = path ?? file
    return title ? [[file, title]] : []
  })
}

describe.each([
  ["SECURITY.md", security],
  ["docs/asvs.md", asvs],
])("%s", (_, text) => {
  test("quotes tests that exist", () => {
    const quoted = rowsOf(text).flatMap((cells) => quotedIn(cells.at(-1) ?? ""))
    const read = (file: string) => (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "")
    expect(quoted.filter(([file, title]) => !read(file).includes(title))).toEqual([])
    expect(quoted.length).toBeGreaterThan(100)
  })
})

describe("OWASP ASVS 5.0", () => {
  const rows = rowsOf(asvs).filter(([ids]) => /^\d/.test(ids as string))
  const statusOf = (how: string) => (how.startsWith("**open:**") ? "open" : how.startsWith("**n/a:**") ? "n/a" : "met")
  const answered = rows.flatMap(([ids = "", how = ""]) => ids.split(", ").map((id) => ({ id, status: statusOf(how) })))

  test("each requirement of levels 1 and 2 is answered once", () => {
    expect(requirements.length).toBe(253)
    expect(answered.map(({ id }) => id).sort()).toEqual([...requirements].sort())
  })

  test("what is met names what shows it, or that nothing does", () => {
    for (const [ids, how = "", shown = ""] of rows)
      expect([ids, statusOf(how) === "met" ? /`test\/|^–$/.test(shown) : shown === ""]).toEqual([ids, true])
  })

  test("SECURITY.md has each id under what docs/asvs.md says of it", () => {
    const columns = ["met", "open", "n/a"]
    const told = rowsOf(security)
      .filter(([chapter]) => /^V\d/.test(chapter as string))
      .flatMap(([, ...cells]) =>
        columns.flatMap((status, n) =>
          [...(cells[n] ?? "").matchAll(/\d+\.\d+\.\d+/g)].map(([id]) => ({ id, status })),
        ),
      )
    const byId = (one: { id: string }, other: { id: string }) => (one.id < other.id ? -1 : 1)
    expect(told.sort(byId)).toEqual(answered.sort(byId))
    const counts = columns.map((status) => answered.filter((one) => one.status === status).length)
    expect(security).toContain(`${counts[0]} are met, ${counts[1]} are open, ${counts[2]} do not apply`)
  })
})
