import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { until } from "../infra/local/fixture.ts"
import { type LocalTestStack, startTestStack } from "../local-stack.ts"
import { aService } from "../people.ts"

/** From a refused request to the mail, through the authorizer's log, the trail, the stream and the bus. */
let stack: LocalTestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

test("a client that goes on with a revoked token is told of, once, with its network and its handle", async () => {
  const { tokenId, bearerToken } = await aService(stack)
  const { handle } = await stack.admin["user-tokens/update"]({ id: tokenId, body: { active: false } })
  const bursts = async () => (await stack.admin["audit-events/list"]({ query: { action: "auth.failed-burst" } })).items
  // More than one burst's worth, since the five minutes may change in between.
  for (let n = 0; n < 210; n++) expect((await stack.send("/users/me", { token: bearerToken })).status).toBe(401)
  await until(async () => (await bursts()).length > 0)
  const [burst] = await bursts()
  expect(burst).toMatchObject({
    actor: { user_id: "system:watch-refusals" },
    subject: { user_id: "refusals" },
    after: { networks: ["127.0.0.0/24"], handles: [handle] },
  })
  const file = join(stack.directory, "notices.jsonl")
  const notices = () => (existsSync(file) ? readFileSync(file, "utf8") : "")
  await until(() => notices().includes("credentials were refused since"))
  expect(notices()).toContain("from [127.0.0.0/24]. Runbook: docs/runbook.md#failed-burst")
})
