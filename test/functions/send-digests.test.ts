import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { system } from "../../shared/store/audit.ts"
import { remindExpiringTokens } from "../../shared/store/reminders.ts"
import { type LocalTestStack, startTestStack } from "../local-stack.ts"
import { aHuman } from "../people.ts"

let stack: LocalTestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

test("the job mails from the stage's address to the owner's, and tells the alarm address how many", async () => {
  const tenMinutesAgo = Date.now() - 600_000
  const { userId } = await aHuman(stack, "Member", tenMinutesAgo, "7d")
  await remindExpiringTokens(stack.runtimeAt(tenMinutesAgo), system("remind-expiring-tokens", "r"))
  expect(await stack.runJob("send-digests", {})).toEqual({ mailed: 1, notices: 1 })
  const sent = (file: string) =>
    readFileSync(join(stack.directory, file), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
  expect(sent("mail.jsonl")).toMatchObject([{ from: "symbolon@example.com", to: [userId] }])
  expect(sent("mail.jsonl")[0].text).toMatch(/^Expiring:\n.*mine \(symusr_\w{18}\): never used, expires 20/)
  expect(sent("notices.jsonl").at(-1)).toMatchObject({ message: "1 address told of 1 token by mail.\n" })
  expect(await stack.runJob("send-digests", {})).toEqual({ mailed: 0, notices: 0 })
})
