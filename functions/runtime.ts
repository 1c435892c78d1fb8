import { createHash, randomBytes } from "node:crypto"
import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager"
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb"
import { measured } from "../shared/contract/metrics.ts"
import { redact } from "../shared/contract/scanner.ts"
import { type LogLine, type Runtime, Unavailable } from "../shared/runtime.ts"
import { secretCache } from "../shared/secret-cache.ts"
import { createTable } from "../shared/store/dynamodb.ts"
import { parseKeyring } from "../shared/token/keyring.ts"

/** The Runtime of one invocation: once `signal` is aborted, its table does nothing more. */
export type RuntimeOf = (signal?: AbortSignal) => Runtime

let environment: RuntimeOf | undefined

/** The Runtime of a Lambda: AWS, the system's clock and randomness. Its clients are one for each execution environment. */
export const lambdaRuntime: RuntimeOf = (signal) => {
  environment ??= createRuntime(process.env)
  return environment(signal)
}

/**
 * Runs with a Runtime that is over when this is: at Lambda's deadline, which `signal` tells, and as soon as there is an outcome. Of work that was done
 * at the same time, what is left when a part fails would go on whenever Lambda thaws this environment.
 */
export async function whileRunning<T>(
  runtimeOf: RuntimeOf,
  signal: AbortSignal,
  run: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  try {
    return await run(runtimeOf(AbortSignal.any([signal, over.signal])))
  } finally {
    over.abort()
  }
}

/** Three attempts of one call fit into a Lambda's 15 s. Without `throwOnRequestTimeout` the SDK only warns, and waits on. */
export const client = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
}

export function createRuntime(env: Record<string, string | undefined>): RuntimeOf {
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient(client), {
    marshallOptions: { removeUndefinedValues: true },
  })
  const secretsManager = new SecretsManagerClient(client)
  const name = env.STAGE ?? ""
  const log = (line: LogLine) => {
    process.stdout.write(`${redact(JSON.stringify(line))}\n`)
  }
  const secret = <T>(SecretId: string | undefined, read: (value: string) => T) =>
    secretCache(async () => {
      try {
        const { SecretString = "" } = await secretsManager.send(new GetSecretValueCommand({ SecretId }))
        if (SecretString === "") throw new Error("the secret is empty")
        return read(SecretString)
      } catch (error) {
        // A warm environment goes on with its copy, so nobody would notice.
        log({
          event: "keyring.refresh-failed",
          secret: SecretId,
          error: describeError(error),
          ...measured("Count", { KeyringRefreshFailed: 1 }, name, Date.now()),
        })
        throw new Unavailable("a secret is unavailable", { cause: error })
      }
    }, Date.now)
  const keyring = secret(env.KEYRING_SECRET, parseKeyring)
  const cursorKey = secret(env.CURSOR_SECRET, (value) => createHash("sha256").update(value).digest())
  const edge = secret(env.EDGE_SECRET, (value) => value)
  return (signal) => ({
    now: Date.now,
    randomBytes,
    table: createTable(documents, env.TABLE_NAME ?? "", signal),
    keyring: keyring.get,
    cursorKey: cursorKey.get,
    edgeSecret: edge.get,
    stage: {
      name,
      serviceEmail: env.SERVICE_EMAIL ?? "",
      adminTokenHours: env.ADMIN_TOKEN_HOURS === undefined ? undefined : Number(env.ADMIN_TOKEN_HOURS),
    },
    log,
  })
}

/** An error for the log: its chain of causes, without anything that a request could have put there. */
export function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { thrown: typeof error }
  return {
    name: error.name,
    message: error.message,
    stack: error.stack
      ?.split("\n")
      .slice(1, 6)
      .map((line) => line.trim()),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  }
}
