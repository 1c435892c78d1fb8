import { expect, it } from "vitest"
import { startNode } from "./node.ts"

/** The guard, under a Node that says it is of another version. */
const under = (version: string) => {
  const pretend = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`
  return startNode(["--import", `data:text/javascript,${encodeURIComponent(pretend)}`, "infra/require-node.mjs"]).ended
}

it.each(["18.20.8", "20.11.0", "22.17.9"])(
  "refuses Node %s, and says which it is and both remedies",
  async (version) => {
    const { status, stderr } = await under(version)
    expect(status).toBe(1)
    expect(stderr).toContain(`Symbolon needs Node 22.18 or later, and this is ${version} (${process.execPath})`)
    expect(stderr).toContain("On Linux x64 the project brings Node 24: run `npm ci`")
    expect(stderr).toContain("Elsewhere, or without the optional packages, install Node 24")
  },
)

it.each(["22.18.0", "23.0.0", "24.21.0"])("lets Node %s pass without a word", async (version) => {
  expect(await under(version)).toEqual({ status: 0, stdout: "", stderr: "" })
})
