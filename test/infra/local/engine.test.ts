import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { connect } from "node:net"
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb"
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest"
import { dynoxideFile, type EngineKind, startEngine } from "../../../infra/local/engine.ts"
import { dynamodbLocal } from "../../rounds.ts"
import { startNode } from "../node.ts"
import { folderForTest, until } from "./fixture.ts"

async function start(directory?: string, kind?: EngineKind) {
  const engine = await startEngine(directory, kind)
  const client = new DynamoDBClient({
    endpoint: engine.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  })
  const stop = async () => {
    client.destroy()
    await engine.stop()
  }
  onTestFinished(stop)
  return { ...engine, client, stop }
}

const createTable = new CreateTableCommand({
  TableName: "things",
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [{ AttributeName: "PK", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "PK", KeyType: "HASH" }],
})
const Item = { PK: { S: "one" }, count: { N: "1" } }
const put = new PutItemCommand({ TableName: "things", Item })
const get = new GetItemCommand({ TableName: "things", Key: { PK: { S: "one" } }, ConsistentRead: true })

/** True when something takes connections there. */
async function listens(endpoint: string): Promise<boolean> {
  const socket = connect(Number(new URL(endpoint).port), "127.0.0.1")
  try {
    await once(socket, "connect")
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

afterEach(() => vi.unstubAllEnvs())

const hasDynoxide = dynoxideFile() !== undefined
const hasJava = (): boolean => spawnSync("java", ["--version"]).status === 0

describe.each<[EngineKind, boolean]>([
  ["dynoxide", hasDynoxide],
  // Beside the other one, in the run that is all on it: `npm run test:dynamodb-local`.
  ["dynamodb-local", dynamodbLocal || (!hasDynoxide && hasJava())],
])("%s", (kind, isHere) => {
  it.runIf(isHere)(
    "answers on a free port of this machine, keeps its data in a folder, and is gone when it is stopped",
    async () => {
      const directory = folderForTest()
      const first = await start(directory, kind)
      expect(first.kind).toBe(kind)
      expect(first.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
      await first.client.send(createTable)
      await first.client.send(put)
      expect((await first.client.send(get)).Item).toEqual(Item)
      await first.stop()
      expect(await listens(first.endpoint)).toBe(false)

      const second = await start(directory, kind)
      expect((await second.client.send(get)).Item).toEqual(Item)
    },
  )
})

it("keeps its data in memory when it has no folder: two engines know nothing of each other", async () => {
  const [one, other] = await Promise.all([start(), start()])
  await one.client.send(createTable)
  await expect(other.client.send(new DescribeTableCommand({ TableName: "things" }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  })
})

describe("without the engine that is asked for", () => {
  it("says what was asked for, and both remedies", async () => {
    vi.stubEnv("SYMBOLON_ENGINE", "dynamodb-local")
    // Where there is no java.
    vi.stubEnv("PATH", folderForTest())
    await expect(startEngine()).rejects.toThrow(
      new RegExp(
        `No DynamoDB engine for ${process.platform}-${process.arch} \\(dynamodb-local was asked for\\)[^]*` +
          `npm install --no-save @dynoxide/${process.platform}-${process.arch}[^]*install Java 17 or later`,
      ),
    )
  })

  it("starts no other one instead", async () => {
    vi.stubEnv("SYMBOLON_ENGINE", "dynamodb-locale")
    await expect(startEngine()).rejects.toThrow("(dynamodb-locale was asked for)")
  })
})

it("ends with the process that started it, also when that fails", async () => {
  const script = `
    import { startEngine } from "./infra/local/engine.ts"
    const { endpoint } = await startEngine()
    console.log(endpoint)
    process.exit(3)`
  const { status, stdout } = await startNode(["--input-type=module", "--eval", script]).ended
  expect(status).toBe(3)
  expect(stdout).toMatch(/^http:/)
  await until(async () => !(await listens(stdout.trim())))
})
