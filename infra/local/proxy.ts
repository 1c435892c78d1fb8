import { once } from "node:events"
import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, request as send } from "node:http"
import type { Role } from "./iam.ts"
import { batchOfSecrets, dynamodbNeeds, type Need, type PartitionKeys, secretNeed, streamNeeds } from "./needs.ts"
import { closed, portOf } from "./secrets.ts"
import { account, type Properties } from "./template.ts"

/** IAM in front of DynamoDB and Secrets Manager: both are called at `endpoint`. */
export interface Proxy {
  endpoint: string
  stop: () => Promise<void>
}

interface Options {
  /** By access key id: the caller is known by its credentials, as on AWS. */
  roles: ReadonlyMap<string, Role>
  partitionKeys: PartitionKeys
  dynamodb: string
  secretsManager: string
}

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer | string
}

/** Lets through what the caller's role allows in the template, so that a missing grant fails here and not on AWS first. */
export async function startProxy(options: Options): Promise<Proxy> {
  const agent = new Agent({ keepAlive: true })
  const server = createServer(async (request, response) => {
    try {
      const { status, headers, body } = await serve(options, agent, request)
      response.writeHead(status, headers).end(body)
    } catch (error) {
      const Message = error instanceof Error ? error.message : String(error)
      const { headers, body } = refusal("InternalServerError", Message)
      response.writeHead(500, headers).end(body)
    }
  }).listen(0, "127.0.0.1")
  // Its clients keep their connections, and a request may not meet one that is just being closed.
  server.keepAliveTimeout = 0
  await once(server, "listening")
  return {
    endpoint: `http://127.0.0.1:${portOf(server)}`,
    stop: async () => {
      agent.destroy()
      await closed(server)
    },
  }
}

async function serve(options: Options, agent: Agent, request: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const input: Properties = JSON.parse(body.toString() || "{}")
  const [service, operation = ""] = String(request.headers["x-amz-target"]).split(".")
  const role = options.roles.get(/Credential=([^/]+)\//.exec(request.headers.authorization ?? "")?.[1] ?? "")
  if (!role) return refusal("UnrecognizedClientException", "The security token included in the request is invalid.")

  const forward = (to: string, sent: Buffer | string) => forwarded(agent, to, request.headers, sent)
  if (service !== "secretsmanager") {
    const needs = service?.startsWith("DynamoDBStreams") ? streamNeeds : dynamodbNeeds
    const refused = role.refused(needs(operation, input, options.partitionKeys))
    return refused ? denial(role, refused) : forward(options.dynamodb, body)
  }
  if (operation === "BatchGetSecretValue") {
    const refused = role.refused([batchOfSecrets])
    return refused ? denial(role, refused) : batch(role, input, (sent) => forward(options.secretsManager, sent))
  }
  const refused = role.refused([secretNeed(String(input.SecretId), operation)])
  return refused ? denial(role, refused) : forward(options.secretsManager, body)
}

/** A secret that the role may not read is no failure of the batch: it is left out, and named among the errors. */
async function batch(role: Role, input: Properties, forward: (body: string) => Promise<Answer>): Promise<Answer> {
  const refused = new Map<string, Need>()
  const ids: string[] = input.SecretIdList ?? []
  for (const id of ids) {
    const need = role.refused([secretNeed(id)])
    if (need) refused.set(id, need)
  }
  const SecretIdList = ids.filter((id) => !refused.has(id))
  const { status, headers, body } = await forward(JSON.stringify({ ...input, SecretIdList }))
  const { Errors = [], ...answer } = JSON.parse(String(body))
  const denied = [...refused].map(([SecretId, need]) => ({
    SecretId,
    ErrorCode: "AccessDeniedException",
    Message: messageOf(role, need),
  }))
  const { "content-length": _, ...others } = headers
  return { status, headers: others, body: JSON.stringify({ ...answer, Errors: [...Errors, ...denied] }) }
}

const messageOf = ({ name }: Role, { action, resource }: Need): string =>
  `${name} is not authorized to perform: ${action} on resource: ${resource}`

const denial = (role: Role, need: Need): Answer => refusal("AccessDeniedException", messageOf(role, need))

const refusal = (type: string, Message: string): Answer => ({
  status: 400,
  headers: { "content-type": "application/x-amz-json-1.0" },
  body: JSON.stringify({ __type: `com.amazon.coral.service#${type}`, Message }),
})

const passedOn = /^(x-amz-.*|content-type|authorization)$/
const ofTheConnection = new Set(["connection", "keep-alive", "transfer-encoding"])

function forwarded(agent: Agent, to: string, headers: IncomingHttpHeaders, body: Buffer | string): Promise<Answer> {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => passedOn.test(name)))
  // DynamoDB Local takes letters and digits only for an access key id. It doesn't verify the signature.
  const authorization = headers.authorization?.replace(/Credential=[^/]+/, `Credential=${account}`)
  const length = Buffer.byteLength(body)
  return new Promise((resolve, reject) => {
    const sent = send(to, { method: "POST", agent, headers: { ...kept, authorization, "content-length": length } })
    sent.on("error", reject)
    sent.on("response", async (response: IncomingMessage) => {
      try {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk)
        const own = Object.fromEntries(Object.entries(response.headers).filter(([name]) => !ofTheConnection.has(name)))
        resolve({ status: response.statusCode ?? 502, headers: own, body: Buffer.concat(chunks) })
      } catch (error) {
        reject(error)
      }
    })
    sent.end(body)
  })
}
