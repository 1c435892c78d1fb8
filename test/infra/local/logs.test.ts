import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { expect, it, onTestFinished } from "vitest"
import { createLambdas } from "../../../infra/local/lambdas.ts"
import { createLogs, type Logs } from "../../../infra/local/logs.ts"
import { Assembly } from "../../../infra/local/template.ts"
import { assemblyFor, folderForTest, linesOf, until } from "./fixture.ts"

const watched = "/fixture/watched"

/** Log groups with one subscription, to a Lambda that writes down what it gets and then fails as often as `failures` says. */
function start(failures = 0, pattern = '"token.used"'): { logs: Logs; directory: string; deliveries: () => unknown[] } {
  const directory = folderForTest()
  const received = join(directory, "received.jsonl")
  const code = `import { appendFileSync } from "node:fs"
    let failures = ${failures}
    export const handler = async (event) => {
      appendFileSync(${JSON.stringify(received)}, JSON.stringify(event) + "\\n")
      if (failures-- > 0) throw new Error("not this time")
    }`
  const subscription = {
    Type: "AWS::Logs::SubscriptionFilter",
    Properties: {
      LogGroupName: watched,
      FilterPattern: pattern,
      DestinationArn: { "Fn::GetAtt": ["reader", "Arn"] },
    },
  }
  const assembly = new Assembly(assemblyFor({ functions: { reader: code }, resources: { subscription } }))
  const lambdas = createLambdas({ assembly, environment: {}, onLine: () => {} })
  const logs = createLogs(assembly, () => lambdas, join(directory, "logs"))
  onTestFinished(async () => {
    await logs.stop()
    await lambdas.stop()
  })
  const deliveries = () => linesOf(received).map((line) => JSON.parse(line))
  return { logs, directory: join(directory, "logs"), deliveries }
}

const unpacked = (event: unknown) =>
  JSON.parse(gunzipSync(Buffer.from((event as { awslogs: { data: string } }).awslogs.data, "base64")).toString())

it("delivers the lines that hold the term, in one batch, as CloudWatch Logs does", async () => {
  const before = Date.now()
  const { logs, deliveries } = start()
  logs.add(watched, '{"event":"token.used","id":1}')
  logs.add(watched, '{"event":"token.verified","id":2}')
  logs.add(watched, "tokenXused")
  logs.add(watched, 'user agent: token.used"')
  logs.add("/fixture/other", '{"event":"token.used","id":3}')
  await until(() => deliveries().length > 0)

  const [event, ...others] = deliveries()
  expect(others).toEqual([])
  expect(Object.keys(event as object)).toEqual(["awslogs"])
  expect(unpacked(event)).toEqual({
    messageType: "DATA_MESSAGE",
    owner: "000000000000",
    logGroup: watched,
    logStream: "local",
    logEvents: [
      { id: expect.any(String), timestamp: expect.any(Number), message: '{"event":"token.used","id":1}' },
      { id: expect.any(String), timestamp: expect.any(Number), message: 'user agent: token.used"' },
    ],
  })
  for (const { timestamp } of unpacked(event).logEvents) {
    expect(timestamp).toBeGreaterThanOrEqual(before)
    expect(timestamp).toBeLessThanOrEqual(Date.now())
  }
})

it("delivers what comes later in a batch of its own", async () => {
  const { logs, deliveries } = start()
  logs.add(watched, "token.used 1")
  await until(() => deliveries().length === 1)
  logs.add(watched, "token.used 2")
  await until(() => deliveries().length === 2)
  expect(
    deliveries().flatMap((event) => unpacked(event).logEvents.map((line: { message: string }) => line.message)),
  ).toEqual(["token.used 1", "token.used 2"])
})

it("writes every line to the file of its log group", () => {
  const { logs, directory } = start()
  logs.add(watched, "token.used")
  logs.add("/fixture/users/create", "one")
  logs.add("/fixture/users/create", "two")
  expect(readdirSync(directory).sort()).toEqual(["fixture.users.create.log", "fixture.watched.log"])
  expect(linesOf(join(directory, "fixture.users.create.log"))).toEqual(["one", "two"])
})

it("repeats a delivery that failed, the same event, and leaves nothing undone when that works", async () => {
  const { logs, directory, deliveries } = start(2)
  logs.add(watched, "token.used")
  await until(() => deliveries().length === 3)
  // Once it has worked, the next line is delivered and nothing of the first comes again.
  logs.add(watched, "token.used again")
  await until(() => deliveries().length === 4)
  const [first, second, third, fourth] = deliveries()
  expect(second).toEqual(first)
  expect(third).toEqual(first)
  expect(unpacked(fourth).logEvents).toHaveLength(1)
  expect(readdirSync(directory)).toEqual(["fixture.watched.log"])
})

it("keeps what failed three times, as a dead-letter queue would", async () => {
  const { logs, directory, deliveries } = start(3)
  logs.add(watched, "token.used")
  const undone = join(directory, "reader-undone.jsonl")
  await until(() => existsSync(undone))
  expect(deliveries()).toHaveLength(3)
  expect(linesOf(undone).map((line) => JSON.parse(line))).toEqual([deliveries()[0]])
})

it("delivers what still waits when it is stopped, before it has stopped", async () => {
  const { logs, deliveries } = start()
  logs.add(watched, "token.used 1")
  await logs.stop()
  expect(deliveries()).toHaveLength(1)
})

it("has repeated what fails, and kept it, before it has stopped", async () => {
  const { logs, directory, deliveries } = start(3)
  logs.add(watched, "token.used")
  await logs.stop()
  expect(deliveries()).toHaveLength(3)
  expect(linesOf(join(directory, "reader-undone.jsonl"))).toHaveLength(1)
})

it.each(["token.used", "{ $.event = x }", '"one" "two"', ""])("doesn't start with the filter pattern %j", (pattern) => {
  expect(() => start(0, pattern)).toThrow("the local run knows filter patterns of one quoted term only")
})
