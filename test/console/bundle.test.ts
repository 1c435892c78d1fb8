import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { expect, test } from "vitest"
import { consoleDirectory } from "../../infra/build-console.ts"

// As the run's setup has built it.
test("the console is at most 400 KB of JavaScript, compressed, and brings nothing that its policy refuses", () => {
  const files = readdirSync(join(consoleDirectory, "assets")).map((name) => join(consoleDirectory, "assets", name))
  const text = (ending: string) => files.filter((file) => file.endsWith(ending)).map((file) => readFileSync(file))
  const size = text(".js").reduce((sum, code) => sum + gzipSync(code, { level: 9 }).length, 0)
  expect(size).toBeLessThanOrEqual(400_000)
  // A font or an image in a style sheet, a style or a script in the page.
  expect(text(".css").join("")).not.toMatch(/url\(["']?data:/)
  expect(readFileSync(join(consoleDirectory, "index.html"), "utf8")).not.toMatch(/<script(?![^>]* src=)|<style| style=/)
})
