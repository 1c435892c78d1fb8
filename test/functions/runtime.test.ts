import { once } from "node:events"
import { createServer } from "node:net"
import { expect, test, vi } from "vitest"
import { createRuntime } from "../../functions/runtime.ts"
import { Unavailable } from "../../shared/runtime.ts"
import { measuredIn } from "../emf.ts"

test("a service that accepts and never answers is Unavailable after three attempts, not a Lambda that times out", async () => {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.on("error", () => {})
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${(server.address() as { port: number }).port}`)
  for (const name of ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, "us-east-1")
  const written = vi.spyOn(process.stdout, "write").mockReturnValue(true)
  const env = { STAGE: "test", TABLE_NAME: "table", KEYRING_SECRET: "keyring", CURSOR_SECRET: "cursor" }
  const runtime = createRuntime(env)()
  await Promise.all([
    expect(runtime.table.get({ PK: "A", SK: "B" })).rejects.toThrow(Unavailable),
    expect(runtime.keyring()).rejects.toThrow(Unavailable),
    expect(runtime.cursorKey()).rejects.toThrow(Unavailable),
  ])
  expect(connections).toBe(9)
  // That a secret could not be fetched is measured: a warm environment would go on with its copy, and tell nobody.
  const lines = written.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>)
  written.mockRestore()
  expect(lines.map(({ event, secret }) => `${event} ${secret}`).sort()).toEqual([
    "keyring.refresh-failed cursor",
    "keyring.refresh-failed keyring",
  ])
  for (const line of lines)
    expect(measuredIn(line)).toEqual({ values: { KeyringRefreshFailed: 1 }, by: [{ Stage: "test" }] })
  server.close()
})
