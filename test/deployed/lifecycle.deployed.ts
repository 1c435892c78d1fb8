import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, expect, inject, onTestFinished } from "vitest"
import { articleOf, compromised, failedBurst } from "../../infra/alarms.ts"
import { names } from "../../infra/names.ts"
import { type EventType, eventDetail } from "../../shared/contract/events.ts"
import { burst } from "../../shared/store/refusals.ts"
import { until } from "../infra/local/fixture.ts"
import { insideTest, openTestStack, type RunningStack } from "../local-stack.ts"
import { aHuman, aService, type Person } from "../people.ts"
import { awsAt, type Listening } from "./aws.ts"
import type { Inside } from "./stack.ts"

/** What a deployed stage tells of a token's life, and to whom: the trail, the bus, the alarm address. */
let stack: RunningStack
beforeAll(async () => {
  stack = await openTestStack()
})
afterAll(() => stack.stop())

const aws = () => awsAt((inject("deployed").inside as Inside).endpoint)
const day = 86_400_000
const { bus, alarmTopic, logGroup } = names("dev")

/** The trail of an account, newest first. */
const trail = async (user_id: string, action?: EventType) =>
  (await stack.admin["audit-events/list"]({ query: { user_id, ...(action && { action }) } })).items
const flags = async ({ tokenId }: Person) => (await stack.admin["user-tokens/get"]({ id: tokenId })).flags

/** What has been heard when it is enough. */
async function heard({ received }: Listening, enough: (messages: string[]) => boolean): Promise<string[]> {
  const messages: string[] = []
  const enoughNow = async () => {
    messages.push(...(await received()))
    return enough(messages)
  }
  await until(enoughNow, 30_000)
  return messages
}

insideTest("what happens to a token is on the bus, as the trail has it", async () => {
  const listening = await aws().listenToBus(bus, { "detail-type": [{ prefix: "account." }, { prefix: "token." }] })
  onTestFinished(listening.stop)
  const { userId, tokenId } = await aService(stack)
  await stack.admin["user-tokens/update"]({ id: tokenId, body: { active: false, reason: "left" } })
  const events = await trail(userId)
  expect(events.map(({ action }) => action)).toEqual(["token.revoked", "token.created", "account.created"])

  const messages = await heard(listening, (all) => events.every(({ id }) => all.some((text) => text.includes(id))))
  // At least once each, and in any order: an event is known by its id.
  const published = new Map(messages.map((text) => JSON.parse(text)).map((message) => [message.detail.id, message]))
  for (const event of events) {
    expect(eventDetail(event.action as EventType).parse(published.get(event.id)?.detail)).toEqual(event)
    expect(published.get(event.id)).toEqual({
      version: "0",
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      "detail-type": event.action,
      source: bus,
      account: "000000000000",
      // Whose it is, is one of the differences.
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      region: "us-east-1",
      resources: [],
      detail: event,
    })
  }
})

insideTest("the alarm address is told at once that a token was reported as compromised", async () => {
  const listening = await aws().listenToTopic(`arn:aws:sns:us-east-1:000000000000:${alarmTopic}`)
  onTestFinished(listening.stop)
  const { userId, tokenId } = await aService(stack)
  await stack.admin["user-tokens/update"]({ id: tokenId, body: { active: false, compromised: true } })
  const [event] = await trail(userId, "token.revoked")
  const messages = await heard(listening, (all) => all.some((text) => text.includes(userId)))
  const told = messages.filter((text) => text.includes(userId))
  // In quotes: a transformer's text is JSON, for every target.
  expect(told).toEqual([
    JSON.stringify(
      `Symbolon dev: tokens of ${userId} were reported as compromised (token.revoked) by admin@example.com ` +
        `from 127.0.0.1 at ${event?.at}. ${articleOf(compromised)}`,
    ),
  ])
})

insideTest("the alarm address is told at once of a burst of refusals, by their networks", async () => {
  const listening = await aws().listenToTopic(`arn:aws:sns:us-east-1:000000000000:${alarmTopic}`)
  onTestFinished(listening.stop)
  const at = Date.now()
  const message = JSON.stringify({ event: "token.refused", at, ip: "198.51.100.7" })
  const logEvents = Array.from({ length: burst }, (_, n) => ({ id: `${at}-${n}`, timestamp: at, message }))
  const data = gzipSync(JSON.stringify({ logEvents })).toString("base64")
  expect(await stack.runJob("watch-refusals", { awslogs: { data } })).toEqual({ bursts: 1 })
  const network = "198.51.100.0/24"
  const [told] = (await heard(listening, (all) => all.some((text) => text.includes(network)))).slice(-1)
  expect(told).toMatch(
    new RegExp(
      `^"Symbolon dev: ${burst} credentials were refused since \\S+Z, from \\[${network}\\]\\. .*#${failedBurst}"$`,
    ),
  )
})

insideTest("a refusal starts the watch of refusals, beside the record of use", async () => {
  const since = Date.now() - 1000
  const { bearerToken } = await aService(stack)
  const wrong = bearerToken.slice(0, -1) + (bearerToken.endsWith("x") ? "y" : "x")
  await expect(stack.as(wrong)["users/me"]({})).rejects.toMatchObject({ status: 401 })
  const done = '"job":"watch-refusals","outcome":"done"'
  await until(async () => (await aws().lines(logGroup("jobs/watch-refusals"), since)).includes(done), 30_000)
})

insideTest("a schedule tells of a token that nobody uses; its use takes the flag", { timeout: 180_000 }, async () => {
  const unused = await aHuman(stack, "Member", Date.now() - 91 * day, "365d")
  expect(await flags(unused)).toEqual(["unused"])
  await aws().reschedule(/symbolon-dev-jobs-flag-unused/, "rate(1 minute)")
  const told = () => trail(unused.userId, "token.unused")
  // Once a second, since it may take the minute, and the job needs the processor.
  await until(async () => (await told()).length > 0 || sleep(1000, false), 120_000)
  const [event, ...others] = await told()
  expect(others).toEqual([])
  expect(eventDetail("token.unused").parse(event)).toMatchObject({
    actor: { user_id: "system:flag-unused-tokens" },
    subject: { id: unused.id, handle: unused.bearerToken.slice(0, 25) },
    after: { last_used: null },
  })
  await stack.as(unused.bearerToken)["users/me"]({})
  await until(async () => (await flags(unused)).length === 0)
})

insideTest("a token that expires within the week is told of once, however often the job runs", async () => {
  const expiring = await aHuman(stack, "Member", Date.now() - 361 * day, "1y")
  for (let n = 0; n < 2; n++) await stack.runJob("remind-expiring-tokens", {})
  const { expiration } = await stack.admin["user-tokens/get"]({ id: expiring.tokenId })
  const events = await trail(expiring.userId, "token.expiring")
  expect(events.map((event) => eventDetail("token.expiring").parse(event))).toMatchObject([
    {
      actor: { user_id: "system:remind-expiring-tokens" },
      subject: { id: expiring.id, handle: expiring.bearerToken.slice(0, 25) },
      after: { days: 7, expiration },
    },
  ])
})

insideTest("a shorter maximum reaches the tokens that exist through the bus", async () => {
  const { userId, tokenId } = await aService(stack, "Member", "never")
  const put = (max_expiry_days: number | null) => stack.admin["settings/update"]({ body: { max_expiry_days } })
  onTestFinished(async () => void (await put(null)))
  // The longest that there is: the stage is shared, and other tokens keep what they have.
  await put(3650)
  const token = () => stack.admin["user-tokens/get"]({ id: tokenId })
  await until(async () => (await token()).expiration !== null, 30_000)
  const { created_at, expiration } = await token()
  expect(Date.parse(expiration as string)).toBe(Date.parse(created_at) + 3650 * day)
  const [event] = await trail(userId, "token.updated")
  expect(event).toMatchObject({ actor: { user_id: "system:apply-expiry-policy" }, before: { expiration: null } })
})

insideTest(
  "a rotation proves itself: the first use of the new secret begins the overlap, and its end is the old one's",
  async () => {
    const { tokenId: id, bearerToken: old } = await aService(stack)
    const me = (bearerToken: string) => stack.as(bearerToken)["users/me"]({})
    const rotation = async () => (await stack.admin["user-tokens/get"]({ id })).rotation
    const { bearer_token: fresh } = await stack.admin["user-tokens/rotate"]({
      id,
      body: { overlap_hours: 24 },
      idempotencyKey: randomUUID(),
    })
    expect((await rotation())?.state).toBe("pending")
    await me(old)
    await me(fresh)
    await until(async () => (await rotation())?.state === "overlapping", 30_000)
    await me(old)
    await stack.admin["user-tokens/rotate-complete"]({ id })
    await expect(me(old)).rejects.toMatchObject({ problem: { type: "/api/problems/token-superseded" } })
    await me(fresh)
  },
)

insideTest("a review is read to its end, and signed off until something changes", async () => {
  const { id } = await aService(stack)
  const read = async () => {
    let page = await stack.admin["access-review/get"]({ query: { limit: 50 } })
    while (page.next_cursor)
      page = await stack.admin["access-review/get"]({ query: { limit: 50, cursor: page.next_cursor } })
    return page.hash as string
  }
  const hash = await read()
  expect(await stack.admin["access-review/sign"]({ body: { hash } })).toMatchObject({ hash })
  await stack.admin["users/update"]({ id, body: { purpose: "seen in a review" } })
  await expect(stack.admin["access-review/sign"]({ body: { hash } })).rejects.toMatchObject({
    problem: { type: "/api/problems/review-stale" },
  })
})
