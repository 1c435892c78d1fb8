import { mkdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { consoleFiles } from "../../../infra/local/console.ts"
import { closed } from "../../../infra/local/secrets.ts"
import { folderForTest, until } from "./fixture.ts"

/** The console's files, with what is nobody's answered 418. */
async function serve() {
  const directory = folderForTest()
  mkdirSync(join(directory, "assets"))
  writeFileSync(join(directory, "index.html"), "<!doctype html>")
  writeFileSync(join(directory, "assets/index-abc.js"), "let a")
  const answer = consoleFiles(directory, { issuer: "http://127.0.0.1:3001/realm", clientId: "console" })
  const server = createServer((request, response) => {
    void answer(request, response).then((known) => known || response.writeHead(418).end())
  }).listen(0, "127.0.0.1")
  onTestFinished(() => closed(server))
  await until(() => server.listening)
  const { port } = server.address() as { port: number }
  return (path: string, method = "GET") => fetch(`http://127.0.0.1:${port}${path}`, { method })
}

test("every address of a page is the page, under the console's policy, and never kept", async () => {
  const get = await serve()
  for (const path of ["/", "/settings/users/12", "/callback?code=1", "/apiary"]) {
    const response = await get(path)
    expect(await response.text()).toBe("<!doctype html>")
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; " +
        "connect-src 'self' http://127.0.0.1:3001; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; " +
        "require-trusted-types-for 'script'",
    })
  }
})

test("a file with a hash in its name is kept for ever, and one that is gone is 404", async () => {
  const get = await serve()
  const asset = await get("/assets/index-abc.js")
  expect([asset.status, asset.headers.get("cache-control")]).toEqual([200, "public, max-age=31536000, immutable"])
  expect((await get("/assets/index-old.js")).status).toBe(404)
  const head = await get("/assets/index-abc.js", "HEAD")
  expect([head.status, await head.text()]).toEqual([200, ""])
})

test("the configuration says who signs people in", async () => {
  const response = await (await serve())("/config.json")
  expect(response.headers.get("cache-control")).toBe("no-store")
  expect(await response.json()).toEqual({
    apiUrl: "/api",
    callersUrl: "/api",
    issuer: "http://127.0.0.1:3001/realm",
    clientId: "console",
  })
})

test("what is the API's, or no question for a file, isn't its own", async () => {
  const get = await serve()
  for (const path of ["/api", "/api/users", "/_local/invoke/x", "/2015-03-31/functions"])
    expect((await get(path)).status).toBe(418)
  expect((await get("/settings/users", "POST")).status).toBe(418)
})
