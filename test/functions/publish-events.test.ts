import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type EventType, eventDetail } from "../../shared/contract/events.ts"
import { auditKey } from "../../shared/store/table.ts"
import { linesOf, until } from "../infra/local/fixture.ts"
import { type RunningStack, startTestStack } from "../local-stack.ts"
import { aHuman, aService } from "../people.ts"

/** From the table's stream to the bus, and from there to people, through the real bundles and what the local run makes of them. */
let stack: RunningStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

const lines = (file: string) => linesOf(join(stack.directory, file)).map((line) => JSON.parse(line))
const published = () => lines("events.jsonl")
const notices = () => lines("notices.jsonl").map(({ message }) => message)
const undone = () => lines("logs/symbolon-local-jobs-publish-events-undone.jsonl")
const trail = async () => (await stack.rows.dump()).filter(({ PK }) => PK.startsWith("AUD#"))
const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)

/** An audit event that nothing wrote, like one that something did. */
async function putEvent(over: Record<string, unknown>): Promise<string> {
  const [event] = await trail()
  const id = randomUUID()
  const { listPK, listSK, ...item } = event as NonNullable<typeof event>
  await stack.rows.put({ ...item, ...auditKey("TEST", id), id, ...over })
  return id
}

test("every audit event is on the bus as its schema says, and as the API shows it", async () => {
  const { id, userId, tokenId } = await aService(stack)
  await aHuman(stack, "Member")
  await stack.admin["users/update"]({ id, body: { name: "another", role: "Editor" } })
  await stack.admin["user-tokens/update"]({ id: tokenId, body: { active: false, reason: "a leak" } })
  await stack.admin["user-tokens/update"]({ id: tokenId, body: { active: true } })
  await stack.admin["settings/update"]({ body: { unused_days: 60 } })
  await until(async () => published().length === (await trail()).length, 20_000)

  const shown = []
  for await (const event of stack.admin.all("audit-events/list", { query: {} })) shown.push(event)
  const details = published().map(({ detail }) => detail)
  expect(details.toSorted(byId)).toEqual(shown.toSorted(byId))
  const types = new Set(published().map((event) => event["detail-type"]))
  for (const type of ["account.created", "account.updated", "token.created", "token.revoked", "settings.updated"])
    expect(types).toContain(type)
  for (const { source, detail, time, ...event } of published()) {
    expect(eventDetail(event["detail-type"] as EventType).parse(detail)).toEqual(detail)
    expect([source, event["detail-type"]]).toEqual(["symbolon.local", detail.action])
    expect(Date.parse(time)).toBe(Math.floor(Date.parse(detail.at) / 1000) * 1000)
  }
  expect(details.some(({ subject }) => subject.user_id === userId)).toBe(true)
  expect(JSON.stringify(published())).not.toMatch(/digest|bearer/)
})

test("F4 one that can't be published waits in the dead-letter queue, and holds up no other", async () => {
  const poisoned = [
    await putEvent({ action: "nothing.happened" }),
    await putEvent({ action: "token.revoked", before: {}, after: { digest: "d" } }),
    await putEvent({ actor: "nobody" }),
  ]
  const sound = await putEvent({})
  await until(() => published().some(({ detail }) => detail.id === sound))
  await until(() => undone().length === 3)
  expect(undone().map(({ why, key }) => [why, key.SK])).toEqual([
    ["its action is in no table of events", poisoned[0]],
    ["it is not as its schema says", poisoned[1]],
    ["it is not as its schema says", poisoned[2]],
  ])
  expect(published().filter(({ detail }) => poisoned.includes(detail.id))).toEqual([])
  expect(await stack.logs()).toContain(`"event":"event.unpublishable","why":"its action is in no table of events"`)
})

test("what can't wait is told the alarm address in words", async () => {
  const { tokenId, userId } = await aService(stack)
  await stack.admin["user-tokens/update"]({ id: tokenId, body: { active: false } })
  await stack.admin["user-tokens/update"]({ id: tokenId, body: { active: false, compromised: true } })
  const other = await aService(stack)
  await stack.admin["users/revoke-tokens"]({ id: other.id, body: { compromised: true } })
  const after = {
    refused: 12,
    since: "2026-11-23T12:00:00Z",
    networks: ["203.0.113.0/24", "2001:db8::/64"],
    handles: [],
  }
  await putEvent({ action: "auth.failed-burst", subject: { id: 0, userId: "refusals" }, before: {}, after })
  await until(() => notices().length === 3)
  const compromised = (user: string, action: string) =>
    `"Symbolon local: tokens of ${user} were reported as compromised (${action}) by admin@example.com from 127.0.0.1 at ` +
    '<time>. Runbook: docs/runbook.md#compromised"'
  expect(notices().map((message) => message.replace(/(?<= at )20\S+Z/, "<time>"))).toEqual([
    compromised(userId, "token.revoked"),
    compromised(other.userId, "account.tokens-revoked"),
    '"Symbolon local: 12 credentials were refused since 2026-11-23T12:00:00Z, from [203.0.113.0/24,2001:db8::/64]. ' +
      'Runbook: docs/runbook.md#failed-burst"',
  ])
})
