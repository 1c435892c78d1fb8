import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto"
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http"

/**
 * The authorizer's only I/O: signed JSON requests to DynamoDB and Secrets Manager over node:https. By hand, because the SDK
 * takes longer to load than all the rest takes to run (docs/decisions/0002-no-sdk-in-the-authorizer.md).
 * `test/functions/aws-signature.test.ts` holds the signature equal to `@smithy/signature-v4`'s.
 */
export type AwsRequest = (operation: string, input: object) => Promise<Record<string, unknown>>

const services = {
  dynamodb: { target: "DynamoDB_20120810", json: "1.0", variable: "DYNAMODB" },
  secretsmanager: { target: "secretsmanager", json: "1.1", variable: "SECRETS_MANAGER" },
} as const
export type Service = keyof typeof services

type Environment = Record<string, string | undefined>

/** One attempt, in milliseconds; three of them stay below the 3 s in which the authorizer answers. */
export const attemptMilliseconds = 800
export const attempts = 3

/** Besides every 5xx. */
const retryable = /Throttling|ThroughputExceeded|RequestLimitExceeded/

/** A clock that is off by so much is why a signature was refused: AWS allows five minutes. */
const skewMilliseconds = 240_000

/** The service has decided: asking again changes nothing. */
class Refused extends Error {}

/** Answers the response's JSON. Throws after three attempts, or at once when the service refuses the request. */
export function awsRequest(service: Service, env: Environment, now: () => number = Date.now): AwsRequest {
  const url = new URL(endpointOf(service, env))
  // `import "node:https"` would load undici along with it: 23 ms and 7 MB at a cold start. So at first use, and this way.
  const transport = process.getBuiltinModule(`node:${url.protocol.slice(0, -1)}` as "node:https")
  const agent = new transport.Agent({ keepAlive: true })
  const sign = createSigner(service, url.host, env)
  let clockOffset = 0

  return async (operation, input) => {
    const body = JSON.stringify(input)
    for (let n = 1; ; n++) {
      try {
        const options = { host: url.hostname, port: url.port, method: "POST", path: "/", agent }
        const signed = () => sign(operation, body, now() + clockOffset)
        const { response, answer } = await send(transport.request, options, body, signed)
        const status = response.statusCode as number
        if (status === 200) return answer
        const type = String(answer.__type ?? status).replace(/.*#/, "")
        const skew = Date.parse(response.headers.date ?? "") - now()
        const skewed = Math.abs(skew - clockOffset) > skewMilliseconds
        if (skewed) clockOffset = skew
        const message = `${service} answered ${type}`
        throw status >= 500 || skewed || retryable.test(type) ? new Error(message) : new Refused(message)
      } catch (error) {
        // A keep-alive socket that died while idle looks like a fault too, and its request was never read.
        if (n >= attempts || error instanceof Refused) throw error
      }
      await jittered(25 * 2 ** n)
    }
  }
}

/** Full jitter: sleeps for a part of so many milliseconds. */
export const jittered = (most: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.random() * most))

export interface SignedHeaders {
  [name: string]: string
}

/** Signature Version 4 for a POST of JSON to `/`, with a fixed set of headers. `time` is in epoch milliseconds. */
export function createSigner(service: Service, host: string, env: Environment) {
  const { target, json } = services[service]
  const region = env.AWS_REGION ?? ""
  let held: { id: string; day: string; session: string | undefined; key: KeyObject } | undefined

  return (operation: string, body: string, time: number): SignedHeaders => {
    const timestamp = new Date(time).toISOString().replace(/[-:]|\.\d+/g, "")
    const day = timestamp.slice(0, 8)
    const scope = [day, region, service, "aws4_request"]
    // Credentials can change under a running environment: all three, with the id. The key is derived from the day too.
    const id = env.AWS_ACCESS_KEY_ID ?? ""
    if (held?.id !== id || held.day !== day)
      held = { id, day, session: env.AWS_SESSION_TOKEN, key: signingKey(env.AWS_SECRET_ACCESS_KEY ?? "", scope) }
    const headers: SignedHeaders = {
      "content-type": `application/x-amz-json-${json}`,
      host,
      "x-amz-date": timestamp,
      ...(held.session && { "x-amz-security-token": held.session }),
      "x-amz-target": `${target}.${operation}`,
    }
    return { ...headers, authorization: authorization(id, held.key, scope.join("/"), headers, body) }
  }
}

/** Signs what is within the scope: a day, a region, a service and `aws4_request`. */
export const signingKey = (secret: string, scope: string[]): KeyObject =>
  scope.reduce((key, part) => createSecretKey(hmac(key, part).digest()), createSecretKey(`AWS4${secret}`, "utf8"))

/** For a POST to `/`. The headers come as they are signed: in lower case, sorted, without spaces around their values. */
export function authorization(
  accessKeyId: string,
  key: KeyObject,
  scope: string,
  headers: SignedHeaders,
  body: string,
): string {
  const names = Object.keys(headers)
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join("")
  const signed = names.join(";")
  const canonical = `POST\n/\n\n${lines}\n${signed}\n${hash("sha256", body)}`
  const toSign = `AWS4-HMAC-SHA256\n${headers["x-amz-date"]}\n${scope}\n${hash("sha256", canonical)}`
  const signature = hmac(key, toSign).digest("hex")
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`
}

const hmac = (key: KeyObject, text: string) => createHmac("sha256", key).update(text)

function endpointOf(service: Service, env: Environment): string {
  const region = env.AWS_REGION ?? ""
  const suffix = `amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`
  const configured = env[`AWS_ENDPOINT_URL_${services[service].variable}`] ?? env.AWS_ENDPOINT_URL
  return configured ?? `https://${service}.${region}.${suffix}`
}

interface Answer {
  response: IncomingMessage
  answer: Record<string, unknown>
}

type Send = (options: RequestOptions, callback: (response: IncomingMessage) => void) => ClientRequest

const send = (request: Send, options: RequestOptions, body: string, signed: () => SignedHeaders): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (chunk: string) => {
        text += chunk
      })
      response.on("error", reject)
      response.on("end", () => {
        clearTimeout(timer)
        try {
          resolve({ response, answer: JSON.parse(text) })
        } catch {
          // Its message would quote the answer, which may hold a secret.
          reject(new Error("not JSON"))
        }
      })
    })
    const timer = setTimeout(() => sent.destroy(new Error("timed out")), attemptMilliseconds)
    sent.on("error", (error) => {
      clearTimeout(timer)
      reject(error)
    })
    const finish = () => {
      try {
        const headers = signed()
        for (const name in headers) sent.setHeader(name, headers[name] as string)
        // All of it at once: Node counts its bytes into Content-Length.
        sent.end(body)
      } catch (error) {
        reject(error)
      }
    }
    // A new connection needs some milliseconds for its handshake: time to sign, and at a cold start to load what signs.
    sent.once("socket", (socket) => {
      if (socket.connecting) socket.once("connect", finish)
      else finish()
    })
  })
