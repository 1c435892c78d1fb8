import { once } from "node:events"
import { mkdirSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage } from "node:http"
import { dirname, join } from "node:path"
import type { Role } from "./iam.ts"
import { closed, portOf } from "./secrets.ts"

/** S3, as far as our functions call it: PutObject, into files below `directory`, by what the caller's role allows. */
export interface ObjectStore {
  endpoint: string
  stop: () => Promise<void>
}

export async function startObjects(directory: string, roles: ReadonlyMap<string, Role>): Promise<ObjectStore> {
  const server = createServer(async (request, response) => {
    const { status, code } = await put(directory, roles, request)
    response.writeHead(status, { "content-type": "application/xml" })
    response.end(code && `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return { endpoint: `http://127.0.0.1:${portOf(server)}`, stop: () => closed(server) }
}

async function put(directory: string, roles: ReadonlyMap<string, Role>, request: IncomingMessage) {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const name = decodeURIComponent(new URL(request.url ?? "/", "http://s3").pathname)
  // One path segment after the other, none of which leads elsewhere.
  if (request.method !== "PUT" || !/^(\/[\w-][\w.-]*)+$/.test(name)) return { status: 501, code: "NotImplemented" }
  const role = roles.get(/Credential=([^/]+)\//.exec(request.headers.authorization ?? "")?.[1] ?? "")
  const need = { action: "s3:PutObject", resource: `arn:aws:s3:::${name.slice(1)}`, leadingKeys: [] }
  if (!role || role.refused([need])) return { status: 403, code: "AccessDenied" }
  const file = join(directory, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, Buffer.concat(chunks))
  return { status: 200, code: undefined }
}
