import { once } from "node:events"
import { createServer } from "node:http"
import { beforeEach, describe, expect, inject, onTestFinished, test } from "vitest"
import { closed, portOf } from "../../../infra/local/secrets.ts"
import { writeLines } from "../../../shared/store/archive.ts"
import { type AuditItem, shardNames } from "../../../shared/store/table.ts"
import { updateToken } from "../../../shared/store/tokens.ts"
import { anAdmin } from "../../builders.ts"
import { anAccount, lambdaOn } from "../../races/accounts.ts"
import { verifier } from "../../races/verifier.ts"
import { createTestTable, credentials, type TestTable } from "../../tables.ts"
import { type Answers, fineAccount, runCommand, startAws } from "./aws.ts"

/** `npm run replay`, on a real table, with a small AWS that holds the archive. */
let restored: TestTable
let since: string
let until: string
let token: Awaited<ReturnType<typeof anAccount>>["tokens"][number]
let events: AuditItem[]
beforeEach(async () => {
  const lost = await createTestTable()
  restored = await createTestTable()
  const { tokens } = await anAccount(lost, "one", 1)
  token = tokens[0] as typeof token
  for (const row of await lost.dump()) await restored.put(row)
  since = new Date(Date.now() - 60_000).toISOString()
  await updateToken(lambdaOn(lost), anAdmin(), "all", token.id, { active: false })
  until = new Date().toISOString()
  events = (await lost.dump()).filter(({ PK }) => PK.startsWith("AUD#")) as unknown as AuditItem[]
})

const bucket = "symbolon-prod-audit-000000000000-us-east-1"
const name = "2026/11/24/10/1-2.jsonl"
const queue = "https://sqs.us-east-1.amazonaws.com/000000000000/undone"

async function replay(text: string, args: string[], more: Answers = {}) {
  const { endpoint, asked } = await startAws({
    ...fineAccount,
    [`GET /${bucket}`]: { body: `<ListBucketResult><Contents><Key>${name}</Key></Contents></ListBucketResult>` },
    [`GET /${bucket}/`]: { body: `<ListBucketResult><Contents><Key>${name}</Key></Contents></ListBucketResult>` },
    [`GET /${bucket}/${name}`]: { body: text },
    GetQueueUrl: { body: { QueueUrl: queue } },
    GetQueueAttributes: { body: { Attributes: { ApproximateNumberOfMessages: "0" } } },
    ...more,
  })
  const dynamodb = await startDynamoDb()
  const given = ["--stage", "prod", "--table", restored.name, "--since", since, "--until", until, ...args]
  const ended = await runCommand("replay", given, {
    ...{ AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
    ...{ AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint },
  })
  return { ...ended, asked, recovery: dynamodb.recovery() }
}

/** The run's engine, and point-in-time recovery, which no engine on this machine has. */
async function startDynamoDb() {
  let recovery: unknown
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    if (String(request.headers["x-amz-target"]).endsWith("UpdateContinuousBackups")) {
      recovery = JSON.parse(body.toString()).PointInTimeRecoverySpecification
      response.writeHead(200).end("{}")
      return
    }
    const { host: _, connection: __, "content-length": ___, ...headers } = request.headers
    const answer = await fetch(inject("engineEndpoint"), {
      method: "POST",
      headers: headers as Record<string, string>,
      body,
    })
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => closed(server))
  return { endpoint: `http://127.0.0.1:${portOf(server)}`, recovery: () => recovery }
}
const marks = (at = Date.now()) => writeLines(shardNames().map((shard) => ({ mark: { shard, at } })))
/** All that there was, and a mark behind it. */
const lines = () => writeLines(events.map((event) => ({ event }))) + marks()
const accepted = async () => (await verifier(restored, token.bearer_token)()) === "accepted"

describe("npm run replay", () => {
  test("says what it would do and writes nothing, then does just that under its name", async () => {
    const before = await restored.dump()
    const dry = await replay(lines(), [])
    expect([dry.status, dry.stdout]).toEqual([0, ""])
    expect(dry.stderr).toContain(`revokes ${token.handle}`)
    expect(await restored.dump()).toEqual(before)
    expect(await accepted()).toBe(true)
    const other = await replay(lines(), ["--apply", "000000000000"])
    expect([other.status, other.stderr]).toEqual([1, expect.stringContaining("not 000000000000: read it above")])
    expect(await restored.dump()).toEqual(before)

    const plan = /--apply (\w{12})$/m.exec(dry.stderr)?.[1] as string
    const done = await replay(lines(), ["--apply", plan])
    expect(done.stderr).toContain("done. Now let prod use it")
    expect(done.stdout).toMatch(
      new RegExp(`^restored: \\{ tableName: "${restored.name}", streamArn: "arn:aws:\\S+" \\},\\n$`),
    )
    expect(done.recovery).toEqual({ PointInTimeRecoveryEnabled: true })
    expect(await accepted()).toBe(false)
  })

  test("takes what was begun before the restore's instant, and may have been written after it, for lost", async () => {
    since = new Date(Math.max(...events.map(({ at }) => at)) + 1).toISOString()
    expect((await replay(lines(), [])).stderr).toContain(`revokes ${token.handle}`)
    // In the table's trail, but of its last minute: the rest of its transaction may not have come along.
    for (const event of events) await restored.put({ ...event })
    const had = (await replay(lines(), [])).stderr
    expect(had).toContain("0 events are not in the table's trail")
    expect(had).toContain("1 events of the last minute before the restore's instant are in the trail")
    expect(had).toContain(`revokes ${token.handle}`)
  })

  test("an object that doesn't parse stops it before its first write, and is named", async () => {
    const before = await restored.dump()
    const { status, stderr } = await replay(`${lines()}{"event":`, ["--apply", "000000000000"])
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining(`line ${events.length + shardNames().length + 1} of ${name} is not one of`),
    ])
    expect(await restored.dump()).toEqual(before)
  })

  test("without marks for longer than a quarter of an hour it revokes everything, and says why", async () => {
    since = new Date(Date.now() - 20 * 60_000).toISOString()
    const dry = await replay(lines(), [])
    expect(dry.stderr).toContain("the archive is not complete: all tokens of 1 accounts are revoked")
    expect(dry.stderr.match(/nothing of shard/g)).toHaveLength(shardNames().length)
    const whole = marks(Date.now() - 12 * 60_000) + lines()
    expect((await replay(whole, [])).stderr).not.toContain("not complete")
    const given = { GetQueueAttributes: { body: { Attributes: { ApproximateNumberOfMessages: "3" } } } }
    const undone = await replay(whole, [], given)
    expect(undone.stderr).toContain("3 batches were given up on")
  })

  test("with no mark of the end of traffic or later it revokes everything too: what came last may not be archived yet", async () => {
    const early = marks(Date.parse(until) - 1) + writeLines(events.map((event) => ({ event })))
    const dry = await replay(early, [])
    expect(dry.stderr).toContain("the archive is not complete: all tokens of 1 accounts are revoked")
    expect(dry.stderr.match(/of shard \d\d no mark of/g)).toHaveLength(shardNames().length)
    expect((await replay(early + marks(Date.parse(until)), [])).stderr).not.toContain("not complete")
  })

  test.each<[string, string[], RegExp]>([
    ["a table that isn't there", ["--table", "nowhere-to-be-found"], /there is no table nowhere-to-be-found here/],
    ["the stage's own table", ["--table", "symbolon-prod"], /is the table that prod uses/],
    ["an instant that is none", ["--since", "yesterday"], /--since must be an instant of the past/],
    ["an instant to come", ["--since", "2999-01-01T00:00:00Z"], /--since must be an instant of the past/],
    ["an end that isn't told", ["--until", ""], /--until must be an instant of the past/],
    ["an end before the start", ["--until", "2020-01-01T00:00:00Z"], /--since must be before --until/],
    ["an unknown stage", ["--stage", "nowhere"], /there is no stage nowhere/],
  ])("refuses %s in one line", async (_, args, line) => {
    const { status, stdout, stderr } = await replay(lines(), args)
    expect([status, stdout]).toEqual([1, ""])
    expect(stderr.trimEnd()).toMatch(line)
    expect(stderr.trimEnd().split("\n")).toHaveLength(1)
  })
})
