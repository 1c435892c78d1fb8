import { once } from "node:events"
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage } from "node:http"
import { delimiter, join } from "node:path"
import { onTestFinished } from "vitest"
import { closed, portOf } from "../../../infra/local/secrets.ts"
import { folderForTest } from "../local/fixture.ts"
import { type Ended, startNode } from "../node.ts"

/** An answer: JSON or XML, as the operation's protocol has it. */
export interface Answer {
  status?: number
  headers?: Record<string, string>
  body: object | string
}

/** By operation: what this AWS answers. */
export type Answers = Record<string, Answer | ((input: string) => Answer | Promise<Answer>)>

/** A small server that plays those endpoints of AWS which the commands call, and what it was asked, in order. */
export async function startAws(answers: Answers) {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    let body = ""
    for await (const chunk of request) body += chunk
    const operation = operationOf(request, body)
    asked.push(operation)
    const found = answers[operation] ?? {
      status: 400,
      headers: {},
      body: { __type: "UnknownOperation", message: operation },
    }
    const answer = typeof found === "function" ? await found(body) : found
    const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body)
    response.writeHead(answer.status ?? 200, answer.headers).end(text)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => closed(server))
  return { asked, endpoint: `http://127.0.0.1:${portOf(server)}` }
}

function operationOf({ method, url, headers }: IncomingMessage, body: string): string {
  const target = headers["x-amz-target"]
  if (target) return String(target).split(".").pop() as string
  return new URLSearchParams(body).get("Action") ?? `${method} ${url?.replace(/\?.*/, "")}`
}

export const denied: Answer = { status: 403, body: { __type: "AccessDeniedException", message: "no" } }

/** What queries answer. */
const xmlOf = (operation: string, result: string): string =>
  `<${operation}Response><${operation}Result>${result}</${operation}Result></${operation}Response>`
export const xmlError = (Code: string, Message = "no"): Answer => ({
  status: 400,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${Code}</Code><Message>${Message}</Message></Error></ErrorResponse>`,
})

export const stackIs = (name: string, status: string, outputs: Record<string, string> = {}): string =>
  `<member><StackName>${name}</StackName><StackStatus>${status}</StackStatus><Outputs>${Object.entries(outputs)
    .map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`)
    .join("")}</Outputs></member>`
export const stacksAre = (...stacks: string[]): Answer => ({
  body: xmlOf("DescribeStacks", `<Stacks>${stacks.join("")}</Stacks>`),
})

/** An account of which the commands have nothing to say. */
export const fineAccount: Answers = {
  GetCallerIdentity: {
    body: xmlOf("GetCallerIdentity", "<Arn>arn:aws:iam::000000000000:user/ops</Arn><Account>000000000000</Account>"),
  },
  GetParameter: { body: { Parameter: { Name: "/cdk-bootstrap/hnb659fds/version", Value: "30" } } },
  "GET /account": { body: {} },
  DescribeTrails: { body: { trailList: [{ TrailARN: "arn:aws:cloudtrail:us-east-1:000000000000:trail/all" }] } },
  GetEventSelectors: { body: { EventSelectors: [{ IncludeManagementEvents: true, ReadWriteType: "All" }] } },
  GetTrailStatus: { body: { IsLogging: true } },
  DescribeStacks: stacksAre(),
}

/** Nothing of who runs the tests. */
const noConfiguration = () => {
  const nowhere = join(folderForTest(), "none")
  return {
    ...{ HOME: nowhere, AWS_CONFIG_FILE: nowhere, AWS_SHARED_CREDENTIALS_FILE: nowhere },
    ...Object.fromEntries(
      Object.keys(process.env).flatMap((key) => (key.startsWith("AWS_") ? [[key, undefined]] : [])),
    ),
    AWS_EC2_METADATA_DISABLED: "true",
  }
}

export const credentials = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1" }

export interface CommandEnded extends Ended {
  /** How cdk was called, if it was. */
  cdk: { args: string[]; region: string } | undefined
}

/** Runs a command as npm does, with a cdk that writes down how it was called, says something, and ends with `status`. */
export async function runCommand(
  command: "deploy" | "admin" | "replay" | "keyring",
  args: string[],
  env: NodeJS.ProcessEnv,
  status = 0,
): Promise<CommandEnded> {
  const folder = folderForTest()
  const called = join(folder, "called.json")
  writeFileSync(
    join(folder, "cdk"),
    `#!${process.execPath}
const { AWS_REGION: region } = process.env
require("node:fs").writeFileSync(${JSON.stringify(called)}, JSON.stringify({ args: process.argv.slice(2), region }))
console.log("cdk was here")
process.exit(${status})
`,
  )
  chmodSync(join(folder, "cdk"), 0o755)
  const running = startNode(["--import", "./infra/require-node.mjs", `infra/commands/${command}.ts`, ...args], {
    ...noConfiguration(),
    ...env,
    PATH: `${folder}${delimiter}${process.env.PATH}`,
  })
  const ended = await running.ended
  return { ...ended, cdk: existsSync(called) ? JSON.parse(readFileSync(called, "utf8")) : undefined }
}
