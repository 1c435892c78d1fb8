import { createServer, type Server } from "node:http"
import { afterEach, describe, expect, test } from "vitest"
import { attemptMilliseconds, attempts, awsRequest } from "../../functions/aws-request.ts"
import { closed, portOf } from "../../infra/local/secrets.ts"

describe("a request", () => {
  let server: Server
  afterEach(() => closed(server))

  type Answer = {
    status?: number
    body?: unknown
    /** In place of the body, as it stands. */
    text?: string
    headers?: Record<string, string>
    destroy?: boolean
    silent?: boolean
  }

  /** A service that gives these answers, in order; and what it was asked. */
  async function service(...answers: Answer[]) {
    const asked: { headers: Record<string, unknown>; body: string }[] = []
    const sockets = new Set<unknown>()
    server = createServer(async (request, response) => {
      let body = ""
      for await (const chunk of request) body += chunk
      asked.push({ headers: request.headers, body })
      sockets.add(request.socket)
      const { status = 200, body: answer = {}, text, headers = {}, destroy, silent } = answers[asked.length - 1] ?? {}
      if (silent) return
      if (destroy) return void request.socket.destroy()
      response.writeHead(status, headers).end(text ?? JSON.stringify(answer))
    }).listen(0, "127.0.0.1")
    await new Promise((resolve) => server.once("listening", resolve))
    const env = {
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "first",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${portOf(server)}`,
    } as Record<string, string | undefined>
    return { asked, sockets, env, request: awsRequest("dynamodb", env) }
  }

  test("keeps one connection alive", async () => {
    const { request, sockets, asked } = await service()
    for (let n = 0; n < 5; n++) await request("BatchGetItem", { n })
    expect([sockets.size, asked.length]).toEqual([1, 5])
    expect(asked[4]?.body).toBe('{"n":4}')
    expect(asked[0]?.headers["x-amz-target"]).toBe("DynamoDB_20120810.BatchGetItem")
  })

  test("tells how many bytes it has, and is not sent in chunks", async () => {
    const { request, asked } = await service()
    await request("BatchGetItem", { name: "ärger 🔑" })
    const { "content-length": length, "transfer-encoding": encoding } = asked[0]?.headers ?? {}
    expect([asked[0]?.body, length, encoding]).toEqual(['{"name":"ärger 🔑"}', "22", undefined])
  })

  test("is sent again after a dead socket, throttling and a 5xx, and gives up after three attempts", async () => {
    const dead = await service({ destroy: true }, { body: { ok: 1 } })
    expect(await dead.request("BatchGetItem", {})).toEqual({ ok: 1 })
    await closed(server)
    const throttled = await service(
      { status: 400, body: { __type: "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException" } },
      { status: 500, body: { __type: "InternalServerError" } },
      { body: { ok: 2 } },
    )
    expect(await throttled.request("BatchGetItem", {})).toEqual({ ok: 2 })
    await closed(server)
    const down = await service(...Array(5).fill({ status: 503 }))
    await expect(down.request("BatchGetItem", {})).rejects.toThrow("dynamodb answered 503")
    expect(down.asked).toHaveLength(3)
  })

  test("that hangs is given up after three attempts, which together stay below three seconds", async () => {
    const { request, asked } = await service(...Array(5).fill({ silent: true }))
    await expect(request("BatchGetItem", {})).rejects.toThrow("timed out")
    expect(asked).toHaveLength(attempts)
    expect(attempts * attemptMilliseconds).toBeLessThan(3000)
  })

  test("whose answer is damaged fails, and quotes none of it", async () => {
    const { request } = await service(...Array(5).fill({ text: '{"SecretString":"a-key-of-a-keyring' }))
    await expect(request("GetSecretValue", {})).rejects.toThrow(/^not JSON$/)
  })

  test("whose answer is empty is sent again: no service says 200 with nothing, and nothing must not pass for no row", async () => {
    const { request } = await service({ text: "" }, { body: { ok: 1 } })
    expect(await request("BatchGetItem", {})).toEqual({ ok: 1 })
    await closed(server)
    const { request: never, asked } = await service(...Array(5).fill({ text: "" }))
    await expect(never("BatchGetItem", {})).rejects.toThrow(/^not JSON$/)
    expect(asked).toHaveLength(attempts)
  })

  test("that the service refuses is not repeated", async () => {
    const { request, asked } = await service({ status: 400, body: { __type: "x#AccessDeniedException" } })
    await expect(request("BatchGetItem", {})).rejects.toThrow("dynamodb answered AccessDeniedException")
    expect(asked).toHaveLength(1)
  })

  test("is signed with the service's clock, when ours is off by more than it allows", async () => {
    const { asked, env } = await service(
      {
        status: 400,
        body: { __type: "com.amazon.coral.service#InvalidSignatureException" },
        headers: { Date: "Tue, 01 Dec 2026 00:00:00 GMT" },
      },
      {},
    )
    const wrongClock = () => Date.parse("2026-11-01T00:00:00Z")
    await awsRequest("dynamodb", env, wrongClock)("BatchGetItem", {})
    expect(asked.map(({ headers }) => headers["x-amz-date"])).toEqual(["20261101T000000Z", "20261201T000000Z"])
  })

  test("is signed with the credentials of the moment", async () => {
    const { asked, env, request } = await service()
    await request("BatchGetItem", {})
    env.AWS_ACCESS_KEY_ID = "second"
    env.AWS_SESSION_TOKEN = "session"
    await request("BatchGetItem", {})
    expect(String(asked[0]?.headers.authorization)).toContain("Credential=first/")
    expect(String(asked[1]?.headers.authorization)).toContain("Credential=second/")
    expect(asked[1]?.headers["x-amz-security-token"]).toBe("session")
  })
})
