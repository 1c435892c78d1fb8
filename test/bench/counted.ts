import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import { closed, portOf } from "../../infra/local/secrets.ts"
import type { TestTable } from "../table-at.ts"
import { keyringSecret } from "./keyring.ts"

/** What a bundle of an authorizer did, in a process of its own. */
export interface Counted {
  /** Allow, Deny, or the error, of each verification. */
  outcomes: string[]
  /** The modules of undici that it loaded. */
  undici: string[]
  /** What it logged. */
  lines: Record<string, unknown>[]
  /** Calls of the table, INIT's included, and over how many connections they came. */
  tableCalls: number
  tableConnections: number
  otherCalls: number
}

/** Verifies a token so many times, with a table whose calls are counted: they are the engine's. */
export async function counted(
  bundle: string,
  table: Pick<TestTable, "name" | "endpoint">,
  bearerToken: string,
  times: number,
  secretsAreDown = false,
): Promise<Counted> {
  const calls: { operation: string; connection: unknown }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const operation = String(request.headers["x-amz-target"]).split(".").pop() as string
    calls.push({ operation, connection: request.socket })
    if (operation === "BatchGetSecretValue") {
      if (secretsAreDown) return void response.writeHead(400).end('{"__type":"AccessDeniedException"}')
      const values = [
        { Name: "keyring", SecretString: keyringSecret },
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
  try {
    const told = await verified(bundle, times, {
      BEARER_TOKEN: bearerToken,
      STAGE: "test",
      TABLE_NAME: table.name,
      KEYRING_SECRET: "keyring",
      EDGE_SECRET: "edge",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_ENDPOINT_URL: `http://127.0.0.1:${portOf(server)}`,
    })
    const toTable = calls.filter(({ operation }) => operation === "BatchGetItem")
    return {
      ...told,
      tableCalls: toTable.length,
      tableConnections: new Set(toTable.map(({ connection }) => connection)).size,
      otherCalls: calls.length - toTable.length,
    }
  } finally {
    await closed(server)
  }
}

async function verified(bundle: string, times: number, env: Record<string, string>) {
  const script = `
    const { handler } = await import(${JSON.stringify(bundle)})
    const { event } = (await import(${JSON.stringify(new URL("processes/event.cjs", import.meta.url).href)})).default
    const outcomes = []
    for (let n = 0; n < ${times}; n++)
      outcomes.push(await handler(event).then((policy) => policy.policyDocument.Statement[0].Effect, String))
    const undici = process.moduleLoadList.filter((module) => module.includes("undici"))
    console.error(JSON.stringify({ outcomes, undici }))
    process.exit()`
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { env })
  let [logged, told] = ["", ""]
  child.stdout.on("data", (chunk) => {
    logged += chunk
  })
  child.stderr.on("data", (chunk) => {
    told += chunk
  })
  await once(child, "close")
  const { outcomes, undici } = JSON.parse(told) as Pick<Counted, "outcomes" | "undici">
  const lines = logged.trimEnd().split("\n")
  return { outcomes, undici, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}
