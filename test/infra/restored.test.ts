import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { synthesize } from "../../infra/local/synth.ts"
import { type Stage, stages } from "../../infra/stage.ts"
import { Templates } from "./templates.ts"

it("a stage on a restored table has it everywhere, and leaves DataStack's as it is", { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), "symbolon-restored-"))
  const dev = stages.dev as Stage
  const streamArn =
    "arn:aws:dynamodb:eu-central-1:000000000000:table/symbolon-dev-restored/stream/2026-11-24T10:00:00.000"
  dev.restored = { tableName: "symbolon-dev-restored", streamArn }
  onTestFinished(() => {
    delete dev.restored
    rmSync(directory, { recursive: true, force: true })
  })
  synthesize("dev", directory)
  const templates = new Templates(directory).withoutConsole()
  for (const { Properties } of templates.ofType("AWS::Lambda::Function"))
    expect(Properties.Environment.Variables.TABLE_NAME).toBe("symbolon-dev-restored")
  for (const part of ["service", "jobs", "alarms"]) {
    const { text } = templates.stack(part)
    expect([part, /table\/symbolon-dev["/]/.test(text)]).toEqual([part, false])
    expect(text).toContain("symbolon-dev-restored")
  }
  const [mapping] = templates.ofType("AWS::Lambda::EventSourceMapping")
  expect(mapping?.Properties.EventSourceArn).toBe(streamArn)
  expect(templates.stack("alarms").text).not.toMatch(/"TableName","?[^}]{0,30}"symbolon-dev"/)
  expect(templates.ofType("AWS::DynamoDB::GlobalTable").map(({ Properties }) => Properties.TableName)).toEqual([
    "symbolon-dev",
  ])
})
