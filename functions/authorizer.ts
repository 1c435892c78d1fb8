import { secretCache } from "../shared/secret-cache.ts"
import { parseKeyring } from "../shared/token/keyring.ts"
import { authorizer, type Ports, type Secrets, warmUp } from "./authorize.ts"
import { awsRequest } from "./aws-request.ts"

/**
 * The authorizer's Lambda: what `authorize.ts` decides, wired to AWS. One table call a request; one call to Secrets
 * Manager an execution environment (and one in ten minutes after). No SDK, no dependency, no undici: test/functions/authorizer-bundle.test.ts.
 */
const { env } = process
const secretsManager = awsRequest("secretsmanager", env)

async function fetchSecrets(): Promise<Secrets> {
  const names = [env.KEYRING_SECRET, env.EDGE_SECRET]
  const answer = await secretsManager("BatchGetSecretValue", { SecretIdList: names })
  const values = answer.SecretValues as { Name: string; SecretString: string }[]
  const [keyring, edge] = names.map((name) => values.find((secret) => secret.Name === name)?.SecretString)
  // A secret that can't be read is left out of the answer, not an error of it.
  if (!keyring || !edge) throw new Error("secretsmanager left out a secret")
  return { keyring: parseKeyring(keyring), edge }
}

const ports: Ports = {
  now: Date.now,
  tableName: env.TABLE_NAME ?? "",
  dynamodb: awsRequest("dynamodb", env),
  secrets: secretCache(fetchSecrets, Date.now),
  write: (line) => process.stdout.write(`${JSON.stringify(line)}\n`),
}

// In INIT; a failure here is no failure yet, since the handler tries again.
await warmUp(ports).catch(() => {})

export const handler = authorizer(ports)
