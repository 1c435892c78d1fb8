import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { onTestFinished } from "vitest"
import type { Properties } from "../templates.ts"

export interface Fixture {
  /** The source of each Lambda's `index.mjs`, by function name. */
  functions?: Record<string, string>
  /** Seconds, by function name; of the others, long enough for any machine. */
  timeouts?: Record<string, number>
  /** Logical id of its role, by function name. */
  roles?: Record<string, string>
  /** Logical id of its dead-letter queue, by function name. */
  deadLetterQueues?: Record<string, string>
  /** `GET /things/{id}` → the function's name. Behind the authorizer, when there is one. */
  routes?: Record<string, string>
  /** Name of the authorizer's function. */
  authorizer?: string
  /** Over the authorizer's properties. */
  authorizerProperties?: Properties
  integrationType?: string
  accessLogFormat?: string
  gatewayResponses?: Properties[]
  /** By logical id: Type and Properties. */
  resources?: Record<string, { Type: string; Properties: Properties }>
}

/** A cloud assembly of one small stack, as `cdk synth` would write it. `directory` is the caller's to remove. */
export function writeAssembly(directory: string, fixture: Fixture): string {
  const functions = Object.entries(fixture.functions ?? {})
  for (const [name, code] of functions) {
    mkdirSync(join(directory, `asset.${name}`), { recursive: true })
    writeFileSync(join(directory, `asset.${name}`, "index.mjs"), code)
  }
  const write = (file: string, content: object) => writeFileSync(join(directory, file), JSON.stringify(content))
  write("manifest.json", {
    artifacts: {
      fixture: { type: "aws:cloudformation:stack", properties: { templateFile: "fixture.template.json" } },
      "fixture.assets": { type: "cdk:asset-manifest", properties: { file: "fixture.assets.json" } },
    },
  })
  write("fixture.assets.json", {
    files: Object.fromEntries(
      functions.map(([name]) => [name, { source: { path: `asset.${name}`, packaging: "zip" } }]),
    ),
  })
  write("fixture.template.json", {
    Resources: {
      ...Object.fromEntries(functions.map(([name]) => [name, lambda(name, fixture)])),
      ...(fixture.routes && api(fixture, fixture.routes)),
      ...fixture.resources,
    },
  })
  return directory
}

/** The same in a folder that goes with the running test. */
export const assemblyFor = (fixture: Fixture): string => writeAssembly(folderForTest(), fixture)

export function folderForTest(): string {
  const directory = mkdtempSync(join(tmpdir(), "symbolon-fixture-"))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const lambda = (FunctionName: string, { timeouts, roles, deadLetterQueues }: Fixture) => ({
  Type: "AWS::Lambda::Function",
  Properties: {
    FunctionName,
    Handler: "index.handler",
    Timeout: timeouts?.[FunctionName] ?? 60,
    ...(roles?.[FunctionName] && { Role: { "Fn::GetAtt": [roles[FunctionName], "Arn"] } }),
    ...(deadLetterQueues?.[FunctionName] && {
      DeadLetterConfig: { TargetArn: { "Fn::GetAtt": [deadLetterQueues[FunctionName], "Arn"] } },
    }),
    LoggingConfig: { LogGroup: `/fixture/${FunctionName}` },
    Environment: { Variables: { GREETING: "hello" } },
    Code: { S3Key: `${FunctionName}.zip` },
  },
})

const invocation = (id: string) => ({
  "Fn::Join": [
    "",
    ["arn:", { Ref: "AWS::Partition" }, ":lambda:path/functions/", { "Fn::GetAtt": [id, "Arn"] }, "/invocations"],
  ],
})

function api(fixture: Fixture, routes: Record<string, string>): Record<string, object> {
  const resources: Record<string, object> = {
    Rest: { Type: "AWS::ApiGateway::RestApi", Properties: { Name: "fixture" } },
    Stage: {
      Type: "AWS::ApiGateway::Stage",
      Properties: {
        StageName: "api",
        RestApiId: { Ref: "Rest" },
        ...(fixture.accessLogFormat && {
          AccessLogSetting: {
            DestinationArn: "arn:aws:logs:us-east-1:000000000000:log-group:/fixture/access",
            Format: fixture.accessLogFormat,
          },
        }),
      },
    },
    ...(fixture.authorizer && {
      Authorizer: {
        Type: "AWS::ApiGateway::Authorizer",
        Properties: {
          Type: "REQUEST",
          AuthorizerResultTtlInSeconds: 0,
          IdentitySource: "",
          AuthorizerUri: invocation(fixture.authorizer),
          ...fixture.authorizerProperties,
        },
      },
    }),
  }
  const ids = new Map<string, string>()
  /** The API resource of a path, with those above it. */
  const resourceOf = (path: string): object => {
    if (path === "") return { "Fn::GetAtt": ["Rest", "RootResourceId"] }
    const id = ids.get(path) ?? `Resource${ids.size}`
    if (!ids.has(path)) {
      ids.set(path, id)
      const [parent, part] = [path.slice(0, path.lastIndexOf("/")), path.slice(path.lastIndexOf("/") + 1)]
      resources[id] = {
        Type: "AWS::ApiGateway::Resource",
        Properties: { ParentId: resourceOf(parent), PathPart: part, RestApiId: { Ref: "Rest" } },
      }
    }
    return { Ref: id }
  }
  for (const [index, [route, name]] of Object.entries(routes).entries()) {
    const [HttpMethod, path] = route.split(" ") as [string, string]
    resources[`Method${index}`] = {
      Type: "AWS::ApiGateway::Method",
      Properties: {
        HttpMethod,
        ResourceId: resourceOf(path),
        RestApiId: { Ref: "Rest" },
        AuthorizationType: fixture.authorizer ? "CUSTOM" : "NONE",
        ...(fixture.authorizer && { AuthorizerId: { Ref: "Authorizer" } }),
        Integration: { Type: fixture.integrationType ?? "AWS_PROXY", Uri: invocation(name) },
      },
    }
  }
  for (const [index, properties] of (fixture.gatewayResponses ?? []).entries())
    resources[`Response${index}`] = {
      Type: "AWS::ApiGateway::GatewayResponse",
      Properties: { RestApiId: { Ref: "Rest" }, ...properties },
    }
  return resources
}

/** The finished lines of a file that somebody may be writing; none while there is no file. */
export const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : []

/** Waits for what happens by itself, and soon. Throws at its deadline, so that a test fails there and says where. */
export async function until(holds: () => boolean | Promise<boolean>, within = 10_000): Promise<void> {
  const deadline = Date.now() + within
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${within} ms: ${holds}`)
    await sleep(5)
  }
}

export interface Answer {
  status: number
  /** Names as they were sent; the last of several. */
  headers: Record<string, string>
  body: string
}

/** One request as raw bytes: `lines` are the request line and the headers. For what no HTTP client would send. */
export async function raw(port: number, ...lines: string[]): Promise<Answer> {
  const socket = connect(port, "127.0.0.1")
  socket.write([...lines, "Host: localhost", "Connection: close", "", ""].join("\r\n"))
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const [head = "", ...rest] = text.split("\r\n\r\n")
  const [status = "", ...headers] = head.split("\r\n")
  return {
    status: Number(status.split(" ")[1]),
    headers: Object.fromEntries(
      headers.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
    ),
    body: rest.join("\r\n\r\n"),
  }
}
