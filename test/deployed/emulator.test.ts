import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { root, startNode } from "../infra/node.ts"
import { differences } from "./differences.ts"

test("without Python it says what is missing and what to do, and leaves nothing behind", async () => {
  const empty = mkdtempSync(join(tmpdir(), "symbolon-no-python-"))
  onTestFinished(() => rmSync(empty, { recursive: true }))
  const script = `
    import { startEmulator } from "./test/deployed/emulator.ts"
    await startEmulator(process.env.TMPDIR).catch((error) => { console.error(error.message); process.exitCode = 3 })`
  const env = { PATH: empty, TMPDIR: empty }
  const { status, stderr } = await startNode(["--input-type=module", "--eval", script], env).ended
  expect([status, stderr]).toEqual([3, expect.stringContaining("needs Python 3.10 or later")])
  expect(stderr).toContain("DEPLOYED_URL")
  expect(readdirSync(empty)).toEqual([])
})

test.each(Object.entries(differences))("%s: says where AWS is documented, and which test holds our side", (_, one) => {
  expect(one.source).toMatch(/^https:\/\/docs\.aws\.amazon\.com\/\S+\.html$/)
  expect(readFileSync(join(root, one.coveredBy), "utf8")).toContain("expect(")
})
