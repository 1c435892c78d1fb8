import type { APIGatewayProxyEvent, Context } from "aws-lambda"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { endpoint } from "../../functions/endpoint.ts"
import { job } from "../../functions/job.ts"
import { Unavailable } from "../../shared/runtime.ts"
import { system } from "../../shared/store/audit.ts"
import { createTable } from "../../shared/store/dynamodb.ts"
import type { TokenItem } from "../../shared/store/table.ts"
import { tokenKey } from "../../shared/store/table.ts"
import { createToken, updateToken } from "../../shared/store/tokens.ts"
import { createFirstAdmin } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import { fakeRuntime } from "../fakes.ts"
import { type FaultProxy, startFaultProxy } from "../fault-proxy.ts"
import { anAccount, lambdaOn, tokenBody } from "../races/accounts.ts"
import { createTestTable, type TestTable, testClient } from "../tables.ts"

/**
 * F1: an invocation that was answered with work left to do: at its deadline, or since another part of it had failed. Lambda lets it go on beside a
 * later one. Kills the mutants f1-answered-goes-on and f1-failed-goes-on.
 */
let table: TestTable
let proxy: FaultProxy
/** Every transaction meets another one, which ours try again for a second at least. */
let contended: boolean
/** What was answered for, and may still be at it. */
let abandoned: Promise<unknown>

beforeAll(async () => {
  table = await createTestTable()
  proxy = await startFaultProxy(table.endpoint, (operation) =>
    contended && operation === "TransactWriteItems" ? "conflict" : undefined,
  )
})
afterAll(() => proxy.stop())
beforeEach(() => {
  contended = true
})

const context = { getRemainingTimeInMillis: () => 100, awsRequestId: "r" } as Context
const runtimeOf = (signal?: AbortSignal) => fakeRuntime(createTable(testClient(proxy.endpoint), table.name, signal))

describe("F1 what was answered at its deadline is over:", () => {
  test("a restoration whose answer was 503 doesn't happen after a revocation that was acknowledged", async () => {
    const lambda = lambdaOn(table)
    const { user } = await anAccount(table, "deadline", 0)
    const { id } = await createToken(lambda, anAdmin(), "all", tokenBody(user.user_id, "t"))
    await updateToken(lambda, anAdmin(), "all", id, { active: false })
    const restore = endpoint(
      "user-tokens/update",
      async (runtime, { caller, scope, id, body }) => {
        const restored = updateToken(runtime, caller, scope, id, body)
        abandoned = restored
        return { body: await restored }
      },
      runtimeOf,
    )
    const event = {
      pathParameters: { id: String(id) },
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ active: true }),
      requestContext: { authorizer: anAdmin(), requestId: "r" },
    } as unknown as APIGatewayProxyEvent
    expect((await restore(event, context)).statusCode).toBe(503)

    contended = false
    expect(await updateToken(lambda, anAdmin(), "all", id, { active: false })).toMatchObject({ status: "revoked" })
    await expect(abandoned).rejects.toThrow(Unavailable)
    expect((await lambda.table.get<TokenItem>(tokenKey(id)))?.state).toBe("REVOKED")
  })

  test("a job that Lambda was told to have failed does nothing more", async () => {
    const create = job(
      "create-first-admin",
      (runtime) => {
        const created = createFirstAdmin(runtime, system("create-first-admin", "r"), "first@example.com")
        abandoned = created
        return created
      },
      runtimeOf,
    )
    await expect(create({}, context)).rejects.toThrow("aborted")
    contended = false
    await expect(abandoned).rejects.toThrow(Unavailable)
    expect((await table.dump()).filter(({ SK }) => SK === "admins")).toEqual([])
  })

  test("nor does a job of which a part has failed: what was done beside it", async () => {
    const create = job(
      "create-first-admin",
      async (runtime) => {
        const created = createFirstAdmin(runtime, system("create-first-admin", "r"), "second@example.com")
        abandoned = created
        await Promise.all([created, Promise.reject(new Unavailable("another part"))])
      },
      runtimeOf,
    )
    await expect(create({}, { ...context, getRemainingTimeInMillis: () => 60_000 })).rejects.toThrow("another part")
    contended = false
    await expect(abandoned).rejects.toThrow(Unavailable)
    expect((await table.dump()).filter(({ SK }) => SK === "admins")).toEqual([])
  })
})
