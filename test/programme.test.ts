import { globSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"

/** The reliability programme, docs/reliability.md: each promise has an id, and the tests that try it carry it in their names. */
const ids = [
  ...["R1", "R2", "R3", "R4", "R5", "R6", "R7", "F1", "F2", "F3", "F4"],
  ...["P1", "P2", "I1", "Z1", "Z2", "S1", "C1", "K1", "D1"],
]
/** What isn't a test of this suite but a tool's run: the file that says so must name its id. */
const elsewhere: Record<string, string> = {
  T1: "test/bench/t1-timing.ts",
  M1: "stryker.config.mjs",
}

const root = join(import.meta.dirname, "..")
const read = (file: string) => readFileSync(join(root, file), "utf8")
/** The names of a file's tests, and of what groups them. */
const namesIn = (file: string): string[] =>
  [...read(file).matchAll(/\b(?:test|it|describe)\b[\w.]*\s*(?:<[^(]*>)?\([^"`]*?["`]([^"`\n]+)["`]/g)].map(
    ([, name]) => name as string,
  )
/** After a table of cases the name is in a call of its own. */
const namesAfterCases = (file: string): string[] =>
  [...read(file).matchAll(/(?:\]|const)\)\(\s*["`]([^"`\n]+)["`]|\)\)\(\s*["`]([^"`\n]+)["`]/g)].map(([, one, other]) =>
    String(one ?? other),
  )
const testFiles = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
  .map((file) => `test/${file.replaceAll("\\", "/")}`)
  .filter((file) => /\.test\.tsx?$/.test(file))
const carriers = (id: string): string[] =>
  testFiles.filter((file) =>
    [...namesIn(file), ...namesAfterCases(file)].some((name) => new RegExp(`\\b${id}\\b`).test(name)),
  )

/** The rows of the documentation: an id, what must hold, files, sizes. */
const rows = [...read("docs/reliability.md").matchAll(/^\| ([A-Z]\d) \| (.+) \| (.+) \| (.+) \|$/gm)].map(
  ([, id, promise, files, sizes]) => ({
    id: id as string,
    promise,
    files: [...(files as string).matchAll(/`(test\/[^`]+)`/g)].map(([, file]) => file as string),
    sizes,
  }),
)

test("the documentation has a row for each promise, and for nothing else", () => {
  expect(rows.map(({ id }) => id).toSorted()).toEqual([...ids, ...Object.keys(elsewhere)].toSorted())
})

describe.each(ids)("%s", (id) => {
  test("is carried by the names of tests in the files that its row names, and in no others", () => {
    const { files = [] } = rows.find((row) => row.id === id) ?? {}
    expect(files.length).toBeGreaterThan(0)
    expect(carriers(id).toSorted()).toEqual(files.toSorted())
  })
})

test.each(Object.entries(elsewhere))("%s is tried by %s, which says so", (id, file) => {
  expect(read(file)).toContain(id)
})

test("M1 has every file of shared/ in one of its sets, once", async () => {
  const { sets }: { sets: Record<string, { mutate: string[] }> } = await import(join(root, "stryker.config.mjs"))
  const filesOf = (patterns: string[]) => globSync(patterns, { cwd: root }).map((file) => file.replaceAll("\\", "/"))
  const mutated = Object.values(sets).flatMap(({ mutate }) => filesOf(mutate))
  // Types, and the name of an error.
  const all = filesOf(["shared/**/*.ts"]).filter((file) => file !== "shared/runtime.ts")
  expect(mutated.filter((file) => file.startsWith("shared/")).sort()).toEqual(all.sort())
})
