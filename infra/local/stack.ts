import { mkdirSync } from "node:fs"
import { join } from "node:path"
import type { Operator } from "../commands/proof.ts"
import { type EngineKind, startEngine } from "./engine.ts"
import { startGateway } from "./gateway.ts"
import { readRoles } from "./iam.ts"
import { invocations, type OnOther } from "./invocations.ts"
import { createLambdas, type Lambdas } from "./lambdas.ts"
import { createLogs } from "./logs.ts"
import { startMessages } from "./messages.ts"
import { partitionKeysOf } from "./needs.ts"
import { startObjects } from "./objects.ts"
import { startProxy } from "./proxy.ts"
import { readApi } from "./routes.ts"
import { startSchedules } from "./schedules.ts"
import { closed, portOf, startSecrets } from "./secrets.ts"
import { startStreams } from "./streams.ts"
import { startSts } from "./sts.ts"
import { createTables } from "./tables.ts"
import { Assembly } from "./template.ts"

export interface LocalStack {
  /** With the API's base path: http://127.0.0.1:3000/api */
  url: string
  /** Invokes a job by its key, as an operator would. Throws when it fails. */
  runJob: (key: string, event: object) => Promise<unknown>
  /** Who may invoke the operators' jobs here: signs for `issue-admin-token`, at the STS that it asks. */
  operator: Operator
  engineEndpoint: string
  engine: EngineKind
  /** Of Secrets Manager, past IAM: an operator's. */
  secretsEndpoint: string
  /** What the Lambdas' roles allow of what is served here, and what of that has been needed so far. */
  grants: () => Grants
  stop: () => Promise<void>
}

export interface Grants {
  granted: string[]
  used: string[]
}

interface Options {
  /** The cloud assembly to serve: `cdk.out`. */
  assembly: string
  stageName: string
  /** Keeps the table, secrets, logs and what is sent. */
  directory: string
  /** 0: a free one. */
  port: number
  /** Who signs people in here, in place of whom the template names: where it runs on this machine is not known before. */
  issuer?: string
  /** What is served beside the API: the console. */
  site?: OnOther
  onAccess?: (line: string) => void
}

/** Serves a synthesized assembly: the services that it calls, IAM, Lambdas, what starts them, and gateway; until `stop`. */
export async function startStack({
  assembly: assemblyDirectory,
  stageName,
  directory,
  port,
  issuer,
  site,
  onAccess,
}: Options): Promise<LocalStack> {
  const assembly = new Assembly(assemblyDirectory)
  const api = readApi(assembly)
  const roles = readRoles(assembly)
  // The table has what the table on AWS has, unencrypted.
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  // Whatever has been started is stopped again, in reverse, also when a later part fails to start.
  const started: (() => Promise<void> | void)[] = []
  const stop = async () => {
    for (const end of started.splice(0).reverse()) await end()
  }
  try {
    const engine = await startEngine(directory)
    started.push(engine.stop)
    await createTables(assembly, engine.endpoint)
    const secrets = await startSecrets(assembly, join(directory, "secrets.json"))
    started.push(secrets.stop)
    const logs = createLogs(assembly, () => lambdas, join(directory, "logs"))
    const sts = await startSts()
    started.push(sts.stop)
    const services = { dynamodb: engine.endpoint, secretsManager: secrets.endpoint }
    const proxy = await startProxy({ roles, partitionKeys: partitionKeysOf(assembly), ...services })
    started.push(proxy.stop)
    const objects = await startObjects(join(directory, "objects"), roles)
    started.push(objects.stop)
    const { keepUndone } = logs
    const messages = await startMessages({ assembly, roles, lambdasOf: () => lambdas, keepUndone, directory })
    started.push(messages.stop)
    const environment = {
      ...messages.environment,
      AWS_ENDPOINT_URL_S3: objects.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: proxy.endpoint,
      // Past IAM, which asks nobody for a grant to say who they are.
      AWS_ENDPOINT_URL_STS: sts.endpoint,
      ...(issuer !== undefined && { ISSUER: issuer }),
    }
    const lambdas = createLambdas({ assembly, environment, onLine: logs.add })
    started.push(lambdas.stop)
    const streams = await startStreams({ assembly, lambdas, endpoint: proxy.endpoint, onUndone: keepUndone })
    started.push(streams.stop, async () => {
      // What a Lambda writes that an event has started is in the stream again.
      do await streams.flush()
      while (await messages.settled())
    })
    // What the log still starts is over before the stream is read for the last time.
    started.push(logs.stop, startSchedules(assembly, lambdas))
    const runJob = jobRunner(lambdas, stageName)
    const invoked = invocations(lambdas, stageName)
    const server = await startGateway({
      api,
      lambdas,
      port,
      onAccess: (logGroup, line) => {
        logs.add(logGroup, line)
        onAccess?.(line)
      },
      onOther: async (request, response) =>
        (await invoked(request, response)) || ((await site?.(request, response)) ?? false),
    })
    started.push(() => closed(server))
    const url = `http://127.0.0.1:${portOf(server)}/${api.stage}`
    const grants = () => ({
      granted: [...roles.values()].flatMap((role) => role.granted),
      used: [...roles.values()].flatMap((role) => role.used),
    })
    const operator = { client: sts.client, endpoint: sts.endpoint, stageName }
    const endpoints = { engineEndpoint: engine.endpoint, secretsEndpoint: secrets.endpoint }
    return { url, runJob, operator, ...endpoints, engine: engine.kind, grants, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const jobRunner = (lambdas: Lambdas, stageName: string) => async (key: string, event: object) => {
  const outcome = await lambdas.invoke(`symbolon-${stageName}-jobs-${key}`, event)
  if ("error" in outcome) throw new Error(outcome.error)
  return outcome.value
}
