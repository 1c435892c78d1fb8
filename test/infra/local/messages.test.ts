import { statSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { arn, start, topic } from "./messages.ts"

describe("Publish", () => {
  it("keeps what the topic is told", async () => {
    const { publish, lines, used } = await start()
    const subject = "x".repeat(100)
    expect((await publish(topic, "three <lines>\nof & text", subject)).MessageId).toMatch(/^[0-9a-f-]{36}$/)
    await publish(topic, "y".repeat(256 * 1024))
    expect(lines("notices.jsonl")).toEqual([
      { topic, subject, message: "three <lines>\nof & text" },
      { topic, subject: null, message: "y".repeat(256 * 1024) },
    ])
    expect(used()).toEqual(["sender sns:Publish alarms"])
  })

  it.each([
    ["a subject that is too long", "text", "x".repeat(101)],
    ["a subject that isn't ASCII", "text", "Grüße"],
    ["a subject of two lines", "text", "a\nb"],
    ["a text that is too long", "y".repeat(256 * 1024 + 1), undefined],
  ])("refuses %s", async (_, message, subject) => {
    const { publish, lines } = await start()
    await expect(publish(topic, message, subject)).rejects.toMatchObject({ name: "InvalidParameterException" })
    expect(lines("notices.jsonl")).toEqual([])
  })

  it("is refused without the grant, and to a topic that the template doesn't have", async () => {
    const { publish } = await start({ statements: [] })
    await expect(publish(topic, "text")).rejects.toMatchObject({
      name: "AuthorizationErrorException",
      $metadata: { httpStatusCode: 403 },
      message: `sender is not authorized to perform: sns:Publish on resource: ${topic}`,
    })
    await expect((await start()).publish(arn("sns", "gone"), "text")).rejects.toMatchObject({
      name: "NotFoundException",
    })
  })
})

describe("SendEmail", () => {
  it("keeps the mail, from the one sender that is granted", async () => {
    const { mail, lines, directory, used } = await start()
    await mail(["to@example.org"])
    const sent = { from: "from@example.com", to: ["to@example.org"], subject: "Grüße", text: "two\nlines" }
    expect(lines("mail.jsonl")).toEqual([sent])
    expect(statSync(join(directory, "mail.jsonl")).mode & 0o777).toBe(0o600)
    expect(used()).toEqual(["sender ses:SendEmail *"])
  })

  it("is refused without the grant, and for another sender", async () => {
    const denied = { name: "AccessDeniedException", $metadata: { httpStatusCode: 403 } }
    await expect((await start({ statements: [] })).mail(["to@example.org"])).rejects.toMatchObject(denied)
    const { mail, lines } = await start()
    await expect(mail(["to@example.org"], "other@example.com")).rejects.toMatchObject(denied)
    expect(lines("mail.jsonl")).toEqual([])
  })

  it("refuses what is no address", async () => {
    const { mail } = await start()
    for (const to of [["nobody"], ["a b@example.org"], []])
      await expect(mail(to)).rejects.toMatchObject({ name: "BadRequestException" })
  })
})

describe("SendMessage", () => {
  it("keeps what is sent to a Lambda's dead-letter queue where its failures are", async () => {
    const { queue, undone } = await start()
    expect((await queue("sender-undone", { why: "ü" })).MessageId).toMatch(/^[0-9a-f-]{36}$/)
    expect(undone).toEqual([["sender", { why: "ü" }]])
  })

  it("is refused without the grant, and to a queue that is nobody's", async () => {
    const { queue, undone } = await start()
    await expect(queue("reader-undone", {})).rejects.toMatchObject({ name: "AccessDeniedException" })
    await expect(queue("nobodys", {})).rejects.toMatchObject({ name: "QueueDoesNotExist" })
    await expect(queue("sender-undone", {}, "stranger")).rejects.toThrow("somebody unknown is not authorized")
    expect(undone).toEqual([])
  })
})

it("knows no other operation", async () => {
  const { messages } = await start()
  const url = messages.environment.AWS_ENDPOINT_URL_SNS as string
  const response = await fetch(url, { method: "POST", body: "Action=Subscribe" })
  expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("InvalidAction")])
})
