import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync, statSync } from "node:fs"
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { closed, portOf } from "../../infra/local/secrets.ts"
import { createToken } from "../../shared/store/tokens.ts"
import { createUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { measuredIn } from "../emf.ts"
import { fakeRuntime, frozenClock } from "../fakes.ts"
import { createTestTable, type TestTable } from "../tables.ts"

/** B0 of the performance programme, by counts: what the authorizer's bundle is, loads and calls. */
const bundle = new URL("../../dist/functions/authorizer/index.mjs", import.meta.url)

test("B0 the bundle has at most 12 KB, and takes nothing but builtins of Node", async () => {
  await expectSmall("authorizer", 12)
})

test("that for HTTP APIs has a kilobyte more at most, which reads their events", async () => {
  await expectSmall("http-authorizer", 13)
})

async function expectSmall(key: string, kilobytes: number): Promise<void> {
  const bundle = new URL(`../../dist/functions/${key}/index.mjs`, import.meta.url)
  expect(statSync(bundle).size).toBeLessThanOrEqual(kilobytes * 1024)
  const { metafile } = await build({
    entryPoints: [fileURLToPath(bundle)],
    bundle: true,
    platform: "node",
    format: "esm",
    write: false,
    metafile: true,
  })
  // An import makes Node build a facade, which loads what the module would load at first use: of http undici, 23 ms and 7 MB.
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
  const taken = [...readFileSync(bundle, "utf8").matchAll(/getBuiltinModule\("([^"]+)"\)/g)].map(([, name]) => name)
  expect([...new Set(taken)].sort()).toEqual(["node:crypto", "node:net"])
}

describe("in a process of its own", () => {
  let table: TestTable
  let server: ReturnType<typeof createServer>
  const calls: { operation: string; connection: unknown }[] = []
  let secretsAreDown = false

  beforeAll(async () => {
    table = await createTestTable()
    // Counts what goes to the table and to Secrets Manager; the table's answers are the engine's.
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const operation = String(request.headers["x-amz-target"]).split(".").pop() as string
      calls.push({ operation, connection: request.socket })
      if (operation === "BatchGetSecretValue") {
        if (secretsAreDown) return void response.writeHead(400).end('{"__type":"AccessDeniedException"}')
        const keyring = JSON.stringify({ mintFrom: {}, k1: "a-key-of-a-test-keyring-0123456789abcdef" })
        const values = [
          { Name: "keyring", SecretString: keyring },
          { Name: "edge", SecretString: "edge" },
        ]
        return void response.end(JSON.stringify({ SecretValues: values, Errors: [] }))
      }
      const names = ["content-type", "x-amz-target", "x-amz-date", "authorization"]
      const headers = Object.fromEntries(names.map((name) => [name, String(request.headers[name])]))
      const answer = await fetch(table.endpoint, { method: "POST", headers, body: Buffer.concat(chunks) })
      response.writeHead(answer.status).end(await answer.text())
    }).listen(0, "127.0.0.1")
    await once(server, "listening")
  })
  afterAll(() => closed(server))

  /** Verifies a token so many times; answers what came of each, and the lines of the log. */
  async function verified(bearerToken: string, times: number) {
    const script = `
      const { handler } = await import(${JSON.stringify(bundle.href)})
      const event = {
        methodArn: "arn:aws:execute-api:us-east-1:1:api/api/GET/x", httpMethod: "GET", resource: "/x",
        headers: {}, multiValueHeaders: { Authorization: ["Bearer " + process.env.TOKEN] },
        requestContext: { apiId: "api", requestId: "r", identity: { sourceIp: "127.0.0.1" } },
      }
      const outcomes = []
      for (let n = 0; n < ${times}; n++)
        outcomes.push(await handler(event).then((policy) => policy.policyDocument.Statement[0].Effect, String))
      const undici = process.moduleLoadList.filter((module) => module.includes("undici"))
      console.error(JSON.stringify({ outcomes, undici }))
      process.exit()`
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      env: {
        TOKEN: bearerToken,
        STAGE: "test",
        TABLE_NAME: table.name,
        KEYRING_SECRET: "keyring",
        EDGE_SECRET: "edge",
        AWS_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        AWS_ENDPOINT_URL: `http://127.0.0.1:${portOf(server)}`,
      },
    })
    let [logged, told] = ["", ""]
    child.stdout.on("data", (chunk) => {
      logged += chunk
    })
    child.stderr.on("data", (chunk) => {
      told += chunk
    })
    await once(child, "close")
    const { outcomes, undici } = JSON.parse(told) as { outcomes: string[]; undici: string[] }
    const lines = logged.trimEnd().split("\n")
    return { outcomes, undici, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
  }

  async function aToken(): Promise<string> {
    const runtime = fakeRuntime(table.table, frozenClock(Date.now()))
    const { user } = await createUser(runtime, anAdmin(), {
      user_type: "Service",
      name: `s ${crypto.randomUUID()}`,
      role: "Member",
      teams: [],
    })
    const token = await createToken(runtime, anAdmin(), "all", {
      name: "t",
      type: "Service",
      user_id: user.user_id,
      expiration: "7d",
      allowed_cidrs: [],
    })
    return token.bearer_token
  }

  test("B0 no undici; one secrets call and one table connection an environment; one table call a verification", async () => {
    const verifications = 10
    const { outcomes, undici } = await verified(await aToken(), verifications)
    expect(outcomes).toEqual(Array(verifications).fill("Allow"))
    expect(undici).toEqual([])
    const toTable = calls.filter(({ operation }) => operation === "BatchGetItem")
    // One more: INIT reads a sentinel.
    expect(toTable).toHaveLength(verifications + 1)
    expect(new Set(toTable.map(({ connection }) => connection)).size).toBe(1)
    expect(calls.length - toTable.length).toBe(1)
  })

  test("a keyring that can't be fetched is told of and measured, at INIT and at each try, and is a fault to the caller", async () => {
    secretsAreDown = true
    const { outcomes, lines } = await verified(await aToken(), 1)
    secretsAreDown = false
    expect(outcomes).toEqual(["Error: secretsmanager answered AccessDeniedException"])
    expect(lines.map(({ event, error }) => [event, error])).toEqual([
      ["keyring.refresh-failed", "secretsmanager answered AccessDeniedException"],
      ["keyring.refresh-failed", "secretsmanager answered AccessDeniedException"],
      ["verification.failed", "secretsmanager answered AccessDeniedException"],
    ])
    const by = [{ Stage: "test" }]
    expect(lines.map(measuredIn)).toEqual([
      { values: { KeyringRefreshFailed: 1 }, by },
      { values: { KeyringRefreshFailed: 1 }, by },
      { values: { AuthorizerFault: 1 }, by },
    ])
  })
})
