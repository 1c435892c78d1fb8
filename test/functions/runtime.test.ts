import { once } from "node:events"
import { createServer } from "node:net"
import { expect, test } from "vitest"
import { createRuntime } from "../../functions/runtime.ts"
import { Unavailable } from "../../shared/runtime.ts"

test("a service that accepts and never answers is Unavailable after three attempts, not a Lambda that times out", async () => {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.on("error", () => {})
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  process.env.AWS_REGION = "us-east-1"
  process.env.AWS_ACCESS_KEY_ID = process.env.AWS_SECRET_ACCESS_KEY = "test"
  const runtime = createRuntime({ TABLE_NAME: "table", KEYRING_SECRET: "keyring", CURSOR_SECRET: "cursor" })
  await Promise.all([
    expect(runtime.table.get({ PK: "A", SK: "B" })).rejects.toThrow(Unavailable),
    expect(runtime.keyring()).rejects.toThrow(Unavailable),
    expect(runtime.cursorKey()).rejects.toThrow(Unavailable),
  ])
  expect(connections).toBe(9)
  server.close()
})
