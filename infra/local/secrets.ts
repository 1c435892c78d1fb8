import { randomInt } from "node:crypto"
import { once } from "node:events"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { type Assembly, type Properties, secretArn } from "./template.ts"

/** Secrets Manager, as far as our functions call it: GetSecretValue and BatchGetSecretValue. */
export interface SecretsService {
  endpoint: string
  stop: () => Promise<void>
}

/** `file` keeps the values (mode 0600): made at the first start, as the template's generators say, and the same ever after. */
export async function startSecrets(assembly: Assembly, file: string): Promise<SecretsService> {
  const values: Record<string, string> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {}
  for (const resource of assembly.ofType("AWS::SecretsManager::Secret")) {
    const { Name, GenerateSecretString } = assembly.resolved(resource)
    values[Name] ??= generated(GenerateSecretString)
  }
  writeFileSync(file, `${JSON.stringify(values, null, 2)}\n`, { mode: 0o600 })

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const operation = String(request.headers["x-amz-target"]).split(".").pop()
    const { status, answer } = respond(operation, JSON.parse(Buffer.concat(chunks).toString() || "{}"), values)
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(answer))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return { endpoint: `http://127.0.0.1:${portOf(server)}`, stop: () => closed(server) }
}

function respond(operation: string | undefined, input: Properties, values: Record<string, string>) {
  const described = (name: string) => ({ ARN: secretArn(name), Name: name, SecretString: values[name] })
  if (operation === "GetSecretValue")
    return values[input.SecretId] === undefined
      ? { status: 400, answer: { __type: "ResourceNotFoundException" } }
      : { status: 200, answer: described(input.SecretId) }
  if (operation === "BatchGetSecretValue") {
    const names = input.SecretIdList as string[]
    const [known, unknown] = [names.filter((name) => name in values), names.filter((name) => !(name in values))]
    const errors = unknown.map((SecretId) => ({ SecretId, ErrorCode: "ResourceNotFoundException" }))
    return { status: 200, answer: { SecretValues: known.map(described), Errors: errors } }
  }
  return { status: 400, answer: { __type: "UnknownOperationException" } }
}

const lettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/** As CloudFormation does it; our generators all exclude punctuation. */
function generated({ PasswordLength, SecretStringTemplate, GenerateStringKey }: Properties): string {
  const characters = Array.from({ length: PasswordLength }, () => lettersAndDigits[randomInt(lettersAndDigits.length)])
  const value = characters.join("")
  return SecretStringTemplate
    ? JSON.stringify({ ...JSON.parse(SecretStringTemplate), [GenerateStringKey]: value })
    : value
}

export const portOf = (server: Server): number => (server.address() as { port: number }).port

export const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
