import { createHash, createHmac } from "node:crypto"
import { createServer, type Server } from "node:http"
import { SignatureV4 } from "@smithy/signature-v4"
import fc from "fast-check"
import { afterEach, describe, expect, test } from "vitest"
import { attemptMilliseconds, attempts, awsRequest, createSigner, type Service } from "../../functions/aws-request.ts"
import { closed, portOf } from "../../infra/local/secrets.ts"

class Sha256 {
  private readonly hash
  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = key ? createHmac("sha256", key as Buffer) : createHash("sha256")
  }
  update(data: string | Uint8Array) {
    this.hash.update(data)
  }
  async digest() {
    return new Uint8Array(this.hash.digest())
  }
  reset() {}
}

describe("the signature", () => {
  test("equals @smithy/signature-v4's, whatever is signed with whatever credentials", async () => {
    const text = fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom(..."abcXYZ0189/+=") })
    const signing = fc.record({
      service: fc.constantFrom<Service>("dynamodb", "secretsmanager"),
      region: fc.constantFrom("us-east-1", "eu-central-1", "cn-north-1"),
      operation: fc.constantFrom("BatchGetItem", "BatchGetSecretValue"),
      body: fc.json(),
      time: fc.integer({ min: Date.UTC(2025, 0), max: Date.UTC(2040, 0) }),
      accessKeyId: text,
      secretAccessKey: text,
      sessionToken: fc.option(text, { nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(signing, async ({ service, region, operation, body, time, ...credentials }) => {
        const env = {
          AWS_REGION: region,
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
          AWS_SESSION_TOKEN: credentials.sessionToken,
        }
        const host = `${service}.${region}.amazonaws.com`
        const { authorization, ...headers } = createSigner(service, host, env)(operation, body, time)
        const reference = new SignatureV4({
          service,
          region,
          credentials,
          sha256: Sha256 as never,
          // The body's hash as a header of its own is S3's.
          applyChecksum: false,
        })
        const request = { method: "POST", protocol: "https:", hostname: host, path: "/", headers, body, query: {} }
        const signed = await reference.sign(request, { signingDate: new Date(time) })
        const parts = (line: string | undefined) => ({
          signature: /Signature=([0-9a-f]{64})/.exec(line ?? "")?.[1],
          credential: /Credential=([^,]+)/.exec(line ?? "")?.[1],
          names: /SignedHeaders=([^,]+)/.exec(line ?? "")?.[1],
        })
        expect(parts(authorization).signature).toBeDefined()
        expect(parts(authorization)).toEqual(parts(signed.headers.authorization))
      }),
      { numRuns: 300 },
    )
  })
})

describe("a request", () => {
  let server: Server
  afterEach(() => closed(server))

  type Answer = {
    status?: number
    body?: unknown
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
      const { status = 200, body: answer = {}, headers = {}, destroy, silent } = answers[asked.length - 1] ?? {}
      if (silent) return
      if (destroy) return void request.socket.destroy()
      response.writeHead(status, headers).end(JSON.stringify(answer))
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
