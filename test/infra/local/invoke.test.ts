import { request } from "node:http"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type RunningStack, startTestStack } from "../../local-stack.ts"

/** `POST /_local/invoke/<job>`: for whoever sits at this machine, and for no page in a browser. */
let stack: RunningStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

/** node:http, since fetch sets Host and Origin by itself. */
const invoke = (job: string, headers: Record<string, string> = {}, method = "POST") =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(stack.url)
    const sent = request({ hostname, port, path: `/_local/invoke/${job}`, method, headers }, (response) => {
      let body = ""
      response.on("data", (chunk) => {
        body += chunk
      })
      response.on("end", () => resolve({ status: response.statusCode, body }))
    })
    sent.on("error", reject)
    sent.end()
  })

test("runs a scheduled job now, and tells what it did", async () => {
  expect(await invoke("purge-deleted-accounts")).toEqual({ status: 200, body: '{"result":{"purged":0}}' })
})

test("tells what went wrong, when a job fails", async () => {
  expect((await invoke("record-usage")).status).toBe(502)
})

test("is closed to pages, to rebound names, to other methods, to operators' jobs, and knows no others", async () => {
  expect((await invoke("purge-deleted-accounts", { Origin: "https://example.com" })).status).toBe(403)
  expect((await invoke("purge-deleted-accounts", { Origin: stack.url })).status).toBe(403)
  expect((await invoke("purge-deleted-accounts", { Host: "rebound.example.com" })).status).toBe(403)
  expect((await invoke("purge-deleted-accounts", {}, "GET")).status).toBe(404)
  for (const job of ["issue-admin-token", "create-first-admin"]) expect((await invoke(job)).status).toBe(403)
  expect((await invoke("no-such-job")).status).toBe(404)
})
