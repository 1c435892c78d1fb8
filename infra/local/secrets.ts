import { randomInt, randomUUID } from "node:crypto"
import { once } from "node:events"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { type Assembly, type Properties, secretArn } from "./template.ts"

/** Secrets Manager, as far as our functions and `npm run keyring` call it. */
export interface SecretsService {
  endpoint: string
  stop: () => Promise<void>
}

/** `file` keeps the values (mode 0600): made at the first start, as the template's generators say, and the same ever after. */
export async function startSecrets(assembly: Assembly, file: string): Promise<SecretsService> {
  const values: Record<string, string> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {}
  const keep = () => writeFileSync(file, `${JSON.stringify(values, null, 2)}\n`, { mode: 0o600 })
  for (const resource of assembly.ofType("AWS::SecretsManager::Secret")) {
    const { Name, GenerateSecretString } = assembly.resolved(resource)
    values[Name] ??= generated(GenerateSecretString)
  }
  keep()
  const secrets = new Map(Object.entries(values).map(([name, value]) => [name, new Versions(value)]))

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const operation = String(request.headers["x-amz-target"]).split(".").pop()
    const { status, answer } = respond(operation, JSON.parse(Buffer.concat(chunks).toString() || "{}"), secrets)
    for (const [name, { current }] of secrets) values[name] = current.value
    if (/^(Put|Update)/.test(String(operation)) && status === 200) keep()
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(answer))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return { endpoint: `http://127.0.0.1:${portOf(server)}`, stop: () => closed(server) }
}

/** Of one secret. The current one outlives this process, the others don't. */
class Versions {
  current: { id: string; value: string }
  private readonly others = new Map<string, string>()

  constructor(value: string) {
    this.current = { id: randomUUID(), value }
  }

  /** A version that isn't the current one. False when its id is that of another value. */
  add(id: string, value: string): boolean {
    const known = id === this.current.id ? this.current.value : this.others.get(id)
    this.others.set(id, known ?? value)
    return known === undefined || known === value
  }

  /** False when there is no such version, or `from` isn't the current one: the label is taken off nothing else. */
  makeCurrent(id: string, from: string): boolean {
    const value = this.others.get(id)
    if (value === undefined || from !== this.current.id) return false
    this.others.set(this.current.id, this.current.value)
    this.current = { id, value }
    return true
  }
}

function respond(operation: string | undefined, input: Properties, secrets: Map<string, Versions>) {
  const failed = (__type: string) => ({ status: 400, answer: { __type } })
  const done = (answer: object) => ({ status: 200, answer })
  const described = (name: string) => {
    const { id, value } = secrets.get(name)?.current ?? {}
    return { ARN: secretArn(name), Name: name, VersionId: id, SecretString: value, VersionStages: ["AWSCURRENT"] }
  }
  if (operation === "BatchGetSecretValue") {
    const names = input.SecretIdList as string[]
    const [known, unknown] = [names.filter((name) => secrets.has(name)), names.filter((name) => !secrets.has(name))]
    const errors = unknown.map((SecretId) => ({ SecretId, ErrorCode: "ResourceNotFoundException" }))
    return done({ SecretValues: known.map(described), Errors: errors })
  }
  if (!["GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"].includes(operation ?? ""))
    return failed("UnknownOperationException")
  const versions = secrets.get(input.SecretId)
  if (!versions) return failed("ResourceNotFoundException")
  if (operation === "GetSecretValue") return done(described(input.SecretId))
  if (operation === "UpdateSecretVersionStage")
    return input.VersionStage === "AWSCURRENT" && versions.makeCurrent(input.MoveToVersionId, input.RemoveFromVersionId)
      ? done({ ARN: secretArn(input.SecretId), Name: input.SecretId })
      : failed("InvalidParameterException")
  const { ClientRequestToken: id, SecretString: value, VersionStages = ["AWSCURRENT"] } = input
  if (!versions.add(id, value)) return failed("ResourceExistsException")
  if (VersionStages.includes("AWSCURRENT")) versions.makeCurrent(id, versions.current.id)
  return done({ ARN: secretArn(input.SecretId), Name: input.SecretId, VersionId: id, VersionStages })
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
