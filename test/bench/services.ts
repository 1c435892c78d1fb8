import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createServer } from "node:https"
import { connect, type Server } from "node:net"
import { createServer as createTlsServer } from "node:tls"

/** A process of the lab's: TLS in front of the engine, byte for byte, and a Secrets Manager. Tells its ports in one line. */
const { ENGINE = "", CERT = "", KEY = "", KEYRING = "" } = process.env
const identity = { cert: readFileSync(CERT), key: readFileSync(KEY) }
const engine = new URL(ENGINE)

const table = createTlsServer({ ...identity, noDelay: true }, (client) => {
  const upstream = connect({ port: Number(engine.port), host: engine.hostname, noDelay: true })
  client.pipe(upstream).pipe(client)
  client.on("error", () => upstream.destroy())
  upstream.on("error", () => client.destroy())
})

const values: Record<string, string> = { keyring: KEYRING, edge: "edge", cursor: "cursor" }
const described = (name: string) => ({ ARN: `arn:${name}`, Name: name, SecretString: values[name] })

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ""
  for await (const chunk of request) body += chunk
  const { SecretId, SecretIdList } = JSON.parse(body)
  response.setHeader("content-type", "application/x-amz-json-1.1")
  response.end(JSON.stringify(SecretIdList ? { SecretValues: SecretIdList.map(described) } : described(SecretId)))
}
const secrets = createServer(identity, answer)
const plainSecrets = createPlainServer(answer)

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return (server.address() as { port: number }).port
}
const ports = { table: await portOf(table), secrets: await portOf(secrets), plainSecrets: await portOf(plainSecrets) }
process.stdout.write(`${JSON.stringify(ports)}\n`)
