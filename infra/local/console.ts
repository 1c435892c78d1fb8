import { readdirSync, readFileSync } from "node:fs"
import { extname, join } from "node:path"
import { cacheControl, consoleHeaders } from "../console-headers.ts"
import type { OnOther } from "./invocations.ts"

const mediaTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
}

/** Not the console's, also where nothing of the API answers. */
const notOurs = /^\/(api|_local|2015-03-31)(\/|$)/

/**
 * Serves the console that was built into `directory`, with /config.json, beside the API. Every other address of a page is the page
 * that routes them all: a link into the console can be opened by whoever has it.
 */
export function consoleFiles(directory: string, signIn: { issuer: string; clientId: string }): OnOther {
  const files = new Map(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file.slice(directory.length).replaceAll("\\", "/"), readFileSync(file)]),
  )
  files.set("/config.json", Buffer.from(JSON.stringify({ apiUrl: "/api", callersUrl: "/api", ...signIn })))
  const headers = consoleHeaders([new URL(signIn.issuer).origin])
  return async (request, response) => {
    const path = (request.url ?? "/").split("?")[0] as string
    if ((request.method !== "GET" && request.method !== "HEAD") || notOurs.test(path)) return false
    const isPage = !files.has(path) && !path.startsWith("/assets/")
    const name = isPage ? "/index.html" : path
    const file = files.get(name)
    for (const [header, value] of Object.entries(headers)) response.setHeader(header, value)
    response.setHeader("Cache-Control", file ? cacheControl(name) : "no-store")
    response.setHeader("Content-Type", mediaTypes[extname(name)] ?? "application/octet-stream")
    response.statusCode = file ? 200 : 404
    response.end(request.method === "HEAD" ? undefined : file)
    return true
  }
}
