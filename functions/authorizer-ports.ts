import { measured } from "../shared/contract/metrics.ts"
import { secretCache } from "../shared/secret-cache.ts"
import { parseKeyring } from "../shared/token/keyring.ts"
import type { Ports, Secrets } from "./authorize.ts"
import { awsRequest } from "./aws-request.ts"

// Node makes the stream at the first look at it: in INIT, that is.
const { env, stdout } = process
const stage = env.STAGE ?? ""
const secretsManager = awsRequest("secretsmanager", env)
const write = (line: object) => stdout.write(`${JSON.stringify(line)}\n`)

async function fetchSecrets(): Promise<Secrets> {
  const names = [env.KEYRING_SECRET, env.EDGE_SECRET]
  const answer = await secretsManager("BatchGetSecretValue", { SecretIdList: names })
  const values = answer.SecretValues as { Name: string; SecretString: string }[]
  const [keyring, edge] = names.map((name) => values.find((secret) => secret.Name === name)?.SecretString)
  // A secret that can't be read is left out of the answer, not an error of it.
  if (!keyring || !edge) throw new Error("a secret is missing")
  return { keyring: parseKeyring(keyring), edge }
}

/** A warm environment goes on with its copy, so nobody would notice. */
function reportFailure(error: Error): never {
  const at = Date.now()
  write({
    event: "keyring.refresh-failed",
    at,
    error: error.message,
    ...measured("Count", { KeyringRefreshFailed: 1 }, stage, at),
  })
  throw error
}

/** What both authorizers' Lambdas work with: AWS, the system's clock, and the log group that they share. */
export const ports: Ports = {
  now: Date.now,
  tableName: env.TABLE_NAME ?? "",
  stage,
  dynamodb: awsRequest("dynamodb", env),
  secrets: secretCache(() => fetchSecrets().catch(reportFailure), Date.now),
  write,
}
