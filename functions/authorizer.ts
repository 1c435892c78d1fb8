import { measured } from "../shared/contract/metrics.ts"
import { secretCache } from "../shared/secret-cache.ts"
import { parseKeyring } from "../shared/token/keyring.ts"
import { authorizer, type Ports, type Secrets, warmUp } from "./authorize.ts"
import { awsRequest } from "./aws-request.ts"

/**
 * The authorizer's Lambda: what `authorize.ts` decides, wired to AWS. One table call a request; one call to Secrets
 * Manager an execution environment (and one in ten minutes after). No SDK, no dependency, no undici: test/functions/authorizer-bundle.test.ts.
 */
const { env } = process
const stage = env.STAGE ?? ""
const secretsManager = awsRequest("secretsmanager", env)
const write = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

async function fetchSecrets(): Promise<Secrets> {
  const names = [env.KEYRING_SECRET, env.EDGE_SECRET]
  const answer = await secretsManager("BatchGetSecretValue", { SecretIdList: names })
  const values = answer.SecretValues as { Name: string; SecretString: string }[]
  const [keyring, edge] = names.map((name) => values.find((secret) => secret.Name === name)?.SecretString)
  // A secret that can't be read is left out of the answer, not an error of it.
  if (!keyring || !edge) throw new Error("secretsmanager left out a secret")
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

const ports: Ports = {
  now: Date.now,
  tableName: env.TABLE_NAME ?? "",
  stage,
  dynamodb: awsRequest("dynamodb", env),
  secrets: secretCache(() => fetchSecrets().catch(reportFailure), Date.now),
  write,
}

// In INIT; a failure here is no failure yet, since the handler tries again.
await warmUp(ports).catch(() => {})

export const handler = authorizer(ports)
