import type { APIGatewayProxyEvent, Context } from "aws-lambda"
import { beforeAll, expect, test } from "vitest"
import { endpoint } from "../../functions/endpoint.ts"
import type { Problem } from "../../shared/contract/problems.ts"
import { createTable } from "../../shared/store/dynamodb.ts"
import { startRotation } from "../../shared/store/rotation.ts"
import type { IssuedToken } from "../../shared/store/tokens.ts"
import { startFaultProxy } from "../fault-proxy.ts"
import { rounds } from "../rounds.ts"
import { createTestTable, type TestTable, testClient } from "../tables.ts"
import { anAccount, lambdaOn } from "./accounts.ts"
import { outcomeOf, rotationsOn, rowOf, toldOf } from "./rotations.ts"
import { verifier } from "./verifier.ts"

/** R6 of rotation: one key, one secret. Kills the mutant r6-key-without-token. */
let table: TestTable
beforeAll(async () => {
  table = await createTestTable()
})

const once = 6
let keys = 0
const aKey = () => ({ principal: 1, keyHash: `key ${keys++}`, requestHash: "request" })
const aToken = async (name: string) => (await anAccount(table, name, 1)).tokens[0] as IssuedToken
const secretOf = ({ bearer_token }: IssuedToken) => bearer_token.slice(26)

test("R6 one Idempotency-Key six times at once on a rotation makes one secret, and shows it once", async () => {
  const { rotate } = rotationsOn(table)
  for (const round of rounds(30)) {
    const token = await aToken(`r6 rotation ${round}`)
    const key = aKey()
    const settled = await Promise.allSettled(Array.from({ length: once }, () => rotate(token.id, key)))
    const issued = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))
    const refused = settled.flatMap((one) => (one.status === "rejected" ? [one.reason as Problem] : []))
    expect(refused.map(({ code }) => code)).toEqual(Array(once - 1).fill("token-already-issued"))
    for (const { extras } of refused) {
      expect(extras).toMatchObject({ token: { id: token.id, rotation: { state: "pending" } } })
      expect(JSON.stringify(extras)).not.toContain(secretOf(issued[0] as IssuedToken))
    }
    expect((await rowOf(table.table, token.id))?.pending?.generation).toBe(2)
    expect(await verifier(table, (issued[0] as IssuedToken).bearer_token)()).toBe("accepted")
  }
})

test("R6 of two rotations under two keys at once exactly one wins, and the other has made nothing", async () => {
  const { rotate } = rotationsOn(table)
  for (const round of rounds(30)) {
    const token = await aToken(`r6 two keys ${round}`)
    const [one, other] = [aKey(), aKey()]
    const settled = await Promise.allSettled([rotate(token.id, one), rotate(token.id, other)])
    expect(settled.map(outcomeOf).sort()).toEqual(["done", "rotation-pending"])
    expect(await toldOf(table, token)).toEqual(["rotation-started"])
    // The loser's key is free still: it belongs to nothing.
    const [lost] = settled[0]?.status === "fulfilled" ? [other] : [one]
    expect(outcomeOf((await Promise.allSettled([rotate(token.id, lost)]))[0] as never)).toBe("rotation-pending")
  }
})

test("R6 a repeat after an answer that was lost makes no second secret; an abort makes way for another", async () => {
  const { rotate, abort } = rotationsOn(table)
  for (const round of rounds(10)) {
    const token = await aToken(`r6 lost ${round}`)
    const faults = ["lost" as const]
    const proxy = await startFaultProxy(table.endpoint, (operation) =>
      operation === "TransactWriteItems" ? faults.shift() : undefined,
    )
    // The SDK, too, gives up after its first attempt.
    const faulty = rotationsOn({ table: createTable(testClient(proxy.endpoint, 1), table.name) })
    const key = aKey()
    await expect(faulty.rotate(token.id, key)).rejects.toMatchObject({ name: "Unavailable" })
    await proxy.stop()
    await expect(rotate(token.id, key)).rejects.toMatchObject({ code: "token-already-issued" })
    expect(await rowOf(table.table, token.id)).toMatchObject({ lastGeneration: 2, pending: { generation: 2 } })
    await abort(token.id)
    const fresh = await rotate(token.id, aKey())
    for (const { bearer_token } of [token, fresh]) expect(await verifier(table, bearer_token)()).toBe("accepted")
    expect((await rowOf(table.table, token.id))?.pending?.generation).toBe(3)
  }
})

test("R6 the same key and body on another token is another request", async () => {
  const { tokens } = await anAccount(table, "r6 other token", 2)
  const rotate = endpoint(
    "user-tokens/rotate",
    async (runtime, { caller, scope, id, body, idempotency }) => ({
      body: await startRotation(runtime, caller, scope, id, body, idempotency),
    }),
    () => lambdaOn(table),
  )
  const answers = []
  for (const { id } of tokens) {
    const context = {
      accountId: "1",
      userId: "u",
      userType: "User",
      role: "Admin",
      teams: "",
      tokenId: "2",
      handle: "h",
    }
    const event = {
      headers: { "content-type": "application/json" },
      multiValueHeaders: { "Idempotency-Key": ["one"] },
      pathParameters: { id: String(id) },
      body: "{}",
      requestContext: { authorizer: { ...context, clientAddress: "203.0.113.7" }, requestId: "r" },
    }
    const { statusCode, body } = await rotate(event as unknown as APIGatewayProxyEvent, {} as Context)
    answers.push([statusCode, (JSON.parse(body) as { type: string }).type.replace("/api/problems/", "")])
  }
  expect(answers).toEqual([
    [201, "Service"],
    [422, "idempotency-key-reused"],
  ])
  expect((await rowOf(table.table, tokens[1]?.id as number))?.pending).toBeUndefined()
})
