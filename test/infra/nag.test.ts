import { readdirSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { stages } from "../../infra/stage.ts"
import { type Ended, root, startNode } from "./node.ts"
import type { Properties } from "./templates.ts"

/**
 * cdk-nag, as `infra/app.ts` runs it. In a process of its own: CDK synthesizes an app by itself when the process that made
 * it ends. The last app is the same one whose acknowledgements are not heard: its report shows that the check bites, and
 * what each acknowledgement is there for.
 */
const unheard = "unheard"
let directory: string
let run: Ended

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "symbolon-nag-"))
  const { context } = JSON.parse(readFileSync(join(root, "cdk.json"), "utf8"))
  const script = `
    import { Validations } from "aws-cdk-lib"
    const synthesized = async (stage, name) => {
      process.env.CDK_OUTDIR = ${JSON.stringify(`${directory}/`)} + name
      process.env.CDK_CONTEXT_JSON = JSON.stringify({ ...${JSON.stringify(context)}, stage })
      await import("./infra/app.ts?" + name)
    }
    for (const stage of ${JSON.stringify(Object.keys(stages))}) await synthesized(stage, stage)
    Validations.prototype.acknowledge = () => {}
    await synthesized("prod", "${unheard}")`
  run = await startNode(["--input-type=module", "--eval", script]).ended
}, 120_000)
afterAll(() => rm(directory, { recursive: true, force: true }))

it.each(Object.keys(stages))("stage %s has no finding that isn't acknowledged", (stage) => {
  expect(findings(stage)).toEqual([])
})

it("finds what there is when nothing is acknowledged, and synth then fails", () => {
  expect(findings(unheard)).not.toEqual([])
  expect(findings(unheard)).toContain("AwsSolutions-SMG4 at symbolon-prod-data/Keyring/Resource")
  expect(run.status).toBe(1)
  expect(run.stderr).toContain("Validation failed")
})

it("acknowledges nothing that isn't found", () => {
  const found = new Set(findings(unheard).map((finding) => finding.split(" ")[0]))
  const acknowledged = acknowledgements("prod").map(({ id }) => id)
  expect(acknowledged.filter((id) => !found.has(id))).toEqual([])
})

it("gives a reason for each acknowledgement, in a sentence", () => {
  for (const { id, reason } of Object.keys(stages).flatMap(acknowledgements)) {
    expect([id, reason]).toEqual([id, expect.stringMatching(/^[A-Z].*\.$/)])
    expect(reason.split(/\s+/).length).toBeGreaterThanOrEqual(5)
  }
  expect(acknowledgements("prod").length).toBeGreaterThan(0)
})

/** `<rule> at <construct>`, of all plugins. Throws when the app wasn't synthesized. */
function findings(name: string): string[] {
  const report = JSON.parse(readFileSync(join(directory, name, "validation-report.json"), "utf8"))
  return report.pluginReports.flatMap(({ violations }: Properties) =>
    violations.flatMap(({ ruleName, violatingConstructs }: Properties) =>
      violatingConstructs.map(({ constructPath }: Properties) => `${ruleName} at ${constructPath}`),
    ),
  )
}

function acknowledgements(stage: string): { id: string; reason: string }[] {
  return readdirSync(join(directory, stage))
    .filter((file) => file.endsWith(".metadata.json"))
    .flatMap((file) => Object.values(JSON.parse(readFileSync(join(directory, stage, file), "utf8"))) as Properties[][])
    .flat()
    .filter(({ type }) => type === "aws:cdk:acknowledged-rules")
    .flatMap(({ data }) => Object.entries(data as Record<string, string>))
    .map(([id, reason]) => ({ id: id.replace(/^annotation::/i, ""), reason }))
}
