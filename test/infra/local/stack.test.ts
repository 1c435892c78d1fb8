import { join } from "node:path"
import { expect, inject, it } from "vitest"
import { adminTokenEvent } from "../../../infra/commands/proof.ts"
import { startStack } from "../../../infra/local/stack.ts"
import { createClient } from "../../../shared/contract/client.ts"
import { noteGrants } from "../../local-stack.ts"
import { folderForTest, linesOf } from "./fixture.ts"

it("has done all that a change sets off, from stream to bus to Lambda to stream, before it has stopped", async () => {
  const directory = folderForTest()
  const stack = await startStack({ assembly: inject("assembly"), stageName: "local", directory, port: 0 })
  const email = "admin@example.com"
  await stack.runJob("create-first-admin", { email })
  const issued = await stack.runJob("issue-admin-token", await adminTokenEvent(stack.operator, email))
  const admin = createClient(stack.url, () => (issued as { bearer_token: string }).bearer_token)
  const { user_id } = await admin["users/create"]({ body: { name: "s", role: "Member" } })
  const body = { name: "t", type: "Service", user_id, expiration: "60d" } as const
  const { handle } = await admin["user-tokens/create"]({ body })
  await admin["settings/update"]({ body: { max_expiry_days: 30 } })
  noteGrants(stack)
  await stack.stop()

  const events = linesOf(join(directory, "events.jsonl")).map((line) => JSON.parse(line))
  const about = (type: string) => events.filter((event) => event["detail-type"] === type).map(({ detail }) => detail)
  expect(about("settings.updated")).toHaveLength(1)
  // The token of the administrator never expired, so that it is shortened too.
  expect(about("token.updated").map(({ subject }) => subject.handle)).toContain(handle)
  expect(about("token.updated")).toHaveLength(2)
  // The other reader of the stream has had its share as well.
  expect(linesOf(join(directory, "logs/symbolon.local.jobs.archive-audit-events.log")).join()).toContain('"done"')
})
