import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { expect, it, onTestFinished } from "vitest"
import { buildFunctions, entries } from "../../infra/build.ts"
import { root } from "./node.ts"

const bundles = Object.keys(entries).map((key) => `${root}dist/functions/${key}/index.mjs`)

it("keeps the bundles that others run from meanwhile, and removes what has no entry any more", async () => {
  const folder = `${root}dist/functions/no-entry`
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/index.mjs`, "")

  const missing = new Set<string>()
  const look = () => {
    for (const file of bundles) if (!existsSync(file)) missing.add(file)
  }
  look()
  const watch = setInterval(look, 1)
  await buildFunctions()
  clearInterval(watch)
  look()

  expect([...missing]).toEqual([])
  expect(existsSync(`${folder}/index.mjs`)).toBe(false)
  for (const file of bundles) expect(readFileSync(file, "utf8")).toContain("handler")
})
