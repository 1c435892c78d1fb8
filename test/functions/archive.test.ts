import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { readArchive } from "../../shared/store/archive.ts"
import { shardNames } from "../../shared/store/table.ts"
import { until } from "../infra/local/fixture.ts"
import { type RunningStack, startTestStack } from "../local-stack.ts"
import { aService } from "../people.ts"

/** From the table's stream to the archive, through the real bundles, and what the local run makes of stream and bucket. */
let stack: RunningStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

function archived() {
  const bucket = join(stack.directory, "objects", "symbolon-local-audit-000000000000-us-east-1")
  // Made with the first object.
  const found = existsSync(bucket) ? readdirSync(bucket, { recursive: true, encoding: "utf8" }) : []
  const names = found.filter((name) => name.endsWith(".jsonl"))
  return { names, ...readArchive(names.map((name) => [name, readFileSync(join(bucket, name), "utf8")])) }
}
const trail = async () => (await stack.rows.dump()).filter(({ PK }) => PK.startsWith("AUD#"))

test("every audit event is archived as it stands in the table, under the hour it happened in", async () => {
  await aService(stack)
  await until(async () => archived().events.length === (await trail()).length)
  const { events, names, tampered } = archived()
  expect(events.toSorted((a, b) => (a.SK < b.SK ? -1 : 1))).toEqual(
    (await trail()).toSorted((a, b) => (a.SK < b.SK ? -1 : 1)),
  )
  expect(tampered).toEqual([])
  for (const name of names) expect(name).toMatch(/^20\d\d\/[01]\d\/[0-3]\d\/[0-2]\d\/\d+-\d+\.jsonl$/)
  expect(JSON.stringify(events)).not.toMatch(/digest|bearer/)
})

test("marks of every shard come through", async () => {
  await stack.runJob("mark-archive", {})
  await until(() => archived().marks.length >= shardNames().length)
  expect(
    archived()
      .marks.map(({ shard }) => shard)
      .toSorted(),
  ).toEqual(shardNames())
})

test("an event that was changed is told, with what it was before", async () => {
  const [event] = await trail()
  await stack.rows.put({ ...(event as NonNullable<typeof event>), action: "nothing.happened" })
  await until(() => archived().tampered.length > 0)
  expect(archived().tampered).toEqual([{ change: "MODIFY", event }])
  expect(await stack.logs()).toContain(`"event":"audit.tampered","change":"MODIFY","id":"${event?.id}"`)
})
