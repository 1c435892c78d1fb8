import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, inject } from "vitest"
import { until } from "../infra/local/fixture.ts"
import { inside, insideTest, openTestStack, type RunningStack } from "../local-stack.ts"
import { aService } from "../people.ts"
import { awsAt } from "./aws.ts"
import { root, run } from "./command.ts"
import { fillingIn } from "./filling-in.ts"
import type { Inside } from "./stack.ts"
import { servedAt } from "./stage.ts"

/** The stack of another team, deployed beside ours by its own app: it has nothing of ours but the construct. */
const emulator = inject("deployed")?.inside as Inside
const project = join(root, "examples/orders-api")
const cdk = (stageName: string, status = 0) => {
  const output = join(emulator.directory, `orders-${stageName}.out`)
  const args = ["deploy", "--require-approval", "never", "-c", `stage=${stageName}`, "--output", output]
  return run("cdk", args, emulator.environment, status, project)
}

let stack: RunningStack
const urls = { rest: "", http: "" }
beforeAll(async () => {
  stack = await openTestStack()
  if (!inside) return
  await cdk("dev")
  urls.rest = await servedAt(emulator, "orders-dev", "RestUrl", "/prod/orders")
  urls.http = await servedAt(emulator, "orders-dev", "HttpUrl", "/orders")
}, 240_000)
afterAll(async () => {
  if (inside) await awsAt(emulator.endpoint).deleteStack("orders-dev")
  await stack.stop()
})

describe.each(["rest", "http"] as const)("the orders behind the %s API", (kind) => {
  const call = async (bearerToken?: string, method = "GET") => {
    const headers = { ...(bearerToken && { Authorization: `Bearer ${bearerToken}` }) }
    const response = await fillingIn(emulator)(urls[kind], { method, headers })
    return { status: response.status, body: await response.json(), challenge: response.headers.get("WWW-Authenticate") }
  }
  /** What AWS answers to any refusal of an HTTP API. */
  const forbidden = { status: 403, body: { message: "Forbidden" }, challenge: null }

  insideTest("may be read by every caller, which is known there", async () => {
    const { bearerToken, userId } = await aService(stack, "Member")
    expect(await call(bearerToken)).toMatchObject({ status: 200, body: { caller: { userId, role: "Member" } } })
  })

  insideTest("may be written by the roles that the other team lists, and by no other", async () => {
    const [editor, member] = [await aService(stack, "Editor"), await aService(stack, "Member")]
    expect(await call(editor.bearerToken, "POST")).toMatchObject({ status: 201, body: { orderedBy: editor.userId } })
    const refused = { type: "urn:symbolon:problem:insufficient-role", status: 403, permission: "orders:write" }
    expect(await call(member.bearerToken, "POST")).toMatchObject({ status: 403, body: refused })
  })

  insideTest("are closed to a revoked token on the very next request", async () => {
    const { bearerToken, tokenId } = await aService(stack, "Editor")
    expect((await call(bearerToken)).status).toBe(200)
    await stack.admin["user-tokens/update"]({ id: tokenId, body: { active: false } })
    expect(await call(bearerToken)).toMatchObject(
      kind === "http"
        ? forbidden
        : {
            status: 401,
            body: { type: "urn:symbolon:problem:token-revoked", title: "Token revoked", status: 401 },
            challenge: 'Bearer realm="api", error="invalid_token"',
          },
    )
  })

  insideTest("leave their use at the token", async () => {
    const { bearerToken, tokenId } = await aService(stack)
    await call(bearerToken)
    await until(async () => (await stack.admin["user-tokens/get"]({ id: tokenId })).last_used !== null)
  })

  insideTest("are closed without a token", async () => {
    expect(await call()).toMatchObject(
      kind === "http"
        ? forbidden
        : {
            status: 401,
            body: { type: "urn:symbolon:problem:authentication-required" },
            challenge: 'Bearer realm="api"',
          },
    )
  })
})

insideTest("without the stage, the deployment says which parameter is missing", { timeout: 120_000 }, async () => {
  const { text } = await cdk("nowhere", 1)
  expect(text).toMatch(/\/symbolon\/nowhere\/(http-)?authorizer-arn/)
})
