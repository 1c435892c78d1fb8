import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { expect, it, onTestFinished } from "vitest"
import { buildFunctions, entries } from "../../infra/build.ts"
import { root } from "./node.ts"

const bundles = Object.keys(entries).map((key) => `${root}dist/functions/${key}/index.mjs`)

it("leaves each bundle that is right where it is, also when two build at once", async () => {
  await buildFunctions()
  const before = bundles.map((file) => statSync(file).ino)
  const missing = new Set<string>()
  const watch = setInterval(() => {
    for (const file of bundles) if (!existsSync(file)) missing.add(file)
  }, 1)
  await Promise.all([buildFunctions(), buildFunctions()])
  clearInterval(watch)
  expect([...missing]).toEqual([])
  expect(bundles.map((file) => statSync(file).ino)).toEqual(before)
})

it("removes what has no entry any more", async () => {
  const folder = `${root}dist/functions/no-entry`
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const stale = `${folder}/index.mjs`
  mkdirSync(folder, { recursive: true })
  writeFileSync(stale, "")
  await buildFunctions()
  expect(existsSync(stale)).toBe(false)
})
