import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb"
import { describe, expect, test } from "vitest"
import { Unavailable } from "../../../shared/runtime.ts"
import { createTable } from "../../../shared/store/dynamodb.ts"
import { absent, put, where } from "../../../shared/store/steps.ts"

/** What the table is asked, to the parameter, and what its answers come to. With an engine behind it: dynamodb.test.ts. */
type Answer = object | Error
function aTable(answers: Answer[] = [], signal?: AbortSignal) {
  const sent: { name: string; input: object; options: object }[] = []
  const send = async (command: { constructor: { name: string }; input: object }, options: object) => {
    sent.push({ name: command.constructor.name, input: command.input, options })
    const answer = answers.shift() ?? {}
    if (answer instanceof Error) throw answer
    return answer
  }
  return { table: createTable({ send } as unknown as DynamoDBDocumentClient, "T", signal), sent }
}
const fault = (name: string, CancellationReasons?: object[]) =>
  Object.assign(new Error(name), { name, ...(CancellationReasons && { CancellationReasons }) })
const key = { PK: "A", SK: "B" }
const failed = () => new Error("failed")

describe("a read", () => {
  test("of one row is strong, and by its key alone", async () => {
    const { table, sent } = aTable([{ Item: { a: 1 } }, {}])
    expect(await table.get({ ...key, more: 1 } as never)).toEqual({ a: 1 })
    expect(await table.get(key)).toBeUndefined()
    const input = { TableName: "T", Key: key, ConsistentRead: true }
    expect(sent[0]).toEqual({ name: "GetCommand", input, options: {} })
  })

  test("of many rows is strong, asks for each once, a hundred at a time, and again for what was left", async () => {
    const keys = Array.from({ length: 101 }, (_, n) => ({ PK: `A${n}`, SK: "B" }))
    const left = { UnprocessedKeys: { T: { Keys: [keys[0]] } }, Responses: { T: [{ n: 1 }] } }
    const { table, sent } = aTable([left, { Responses: { T: [{ n: 2 }] } }, { Responses: {} }])
    expect(await table.batchGet([...keys, keys[0] as typeof key, { ...keys[1], more: 1 } as never])).toEqual([
      { n: 1 },
      { n: 2 },
    ])
    const asked = sent.map(({ input }) => (input as { RequestItems: { T: object } }).RequestItems.T)
    expect(asked).toEqual([
      { Keys: keys.slice(0, 100), ConsistentRead: true },
      { Keys: [keys[0]], ConsistentRead: true },
      { Keys: [keys[100]], ConsistentRead: true },
    ])
    expect(await table.batchGet([])).toEqual([])
    expect(sent.length).toBe(3)
  })

  test("of a partition goes through all of its pages", async () => {
    const { table, sent } = aTable([{ Items: [{ n: 1 }], LastEvaluatedKey: key }, {}])
    expect(await table.query("P", "x#")).toEqual([{ n: 1 }])
    const input = {
      ...{ TableName: "T", KeyConditionExpression: "PK = :partition AND begins_with(SK, :prefix)" },
      ...{ ExpressionAttributeValues: { ":partition": "P", ":prefix": "x#" }, ConsistentRead: true },
    }
    expect(sent.map(({ input }) => input)).toEqual([
      { ...input, ExclusiveStartKey: undefined },
      { ...input, ExclusiveStartKey: key },
    ])
  })

  test("of a range is strong, from the last down, below a key", async () => {
    const { table, sent } = aTable([{ Items: [{ n: 1 }] }, {}])
    const range = { partition: "P", least: "a", most: "b", limit: 7 }
    expect(await table.queryDown(range)).toEqual([{ n: 1 }])
    expect(await table.queryDown({ ...range, after: "aa" })).toEqual([])
    const input = {
      ...{ TableName: "T", KeyConditionExpression: "PK = :partition AND SK BETWEEN :least AND :most" },
      ...{ ExpressionAttributeValues: { ":partition": "P", ":least": "a", ":most": "b" } },
      ...{ ConsistentRead: true, ScanIndexForward: false, Limit: 7 },
    }
    expect(sent.map(({ input }) => input)).toEqual([input, { ...input, ExclusiveStartKey: { PK: "P", SK: "aa" } }])
  })

  test("of an index is by its own keys, newest first, and answers keys", async () => {
    const { table, sent } = aTable([{ Items: [{ ...key, idlePK: "P", idleSK: "s", more: 1 }] }, {}])
    expect(await table.queryIndex({ index: "idle", partition: "P", limit: 7 })).toEqual([{ ...key, at: "s" }])
    expect(await table.queryIndex({ index: "idle", partition: "P", after: "r", limit: 7 })).toEqual([])
    const input = { TableName: "T", IndexName: "idle", ScanIndexForward: false, Limit: 7 }
    expect(sent.map(({ input }) => input)).toEqual([
      {
        ...{ ...input, KeyConditionExpression: "idlePK = :partition" },
        ExpressionAttributeValues: { ":partition": "P" },
      },
      {
        ...{ ...input, KeyConditionExpression: "idlePK = :partition AND idleSK < :after" },
        ExpressionAttributeValues: { ":partition": "P", ":after": "r" },
      },
    ])
  })

  test("that fails, however, says that the table is unavailable, and why", async () => {
    const why = fault("ProvisionedThroughputExceededException")
    await expect(aTable([why]).table.get(key)).rejects.toMatchObject({
      ...{ message: "the table is unavailable", cause: why },
    })
  })
})

describe("a write", () => {
  test.each(["ValidationException", "IdempotentParameterMismatchException"])(
    "that is wrong is no fault: %s",
    async (name) => {
      const wrong = fault(name)
      expect(
        await aTable([wrong])
          .table.transact([put(key, absent, failed)])
          .catch((error) => error),
      ).toBe(wrong)
    },
  )

  test.each([
    fault("TransactionConflictException"),
    fault("TransactionInProgressException"),
    fault("TransactionCanceledException", [{ Code: "None" }, { Code: "TransactionConflict" }]),
    fault("TransactionCanceledException", [{ Code: "ThrottlingError" }]),
    fault("TransactionCanceledException", [{ Code: "ProvisionedThroughputExceeded" }, {}]),
  ])("that lost to others is sent again, as the same one: %s", async (lost) => {
    const { table, sent } = aTable([lost])
    await table.transact([put(key, absent, failed)])
    expect(sent.map(({ name }) => name)).toEqual(["TransactWriteCommand", "TransactWriteCommand"])
    const tokens = () => sent.map(({ input }) => (input as { ClientRequestToken: string }).ClientRequestToken)
    expect([new Set(tokens()).size, typeof tokens()[0]]).toEqual([1, "string"])
    await table.transact([put(key, absent, failed)])
    expect(new Set(tokens()).size).toBe(2)
  })

  test("whose condition failed is not sent again, whatever else failed, and is told from the item as it was", async () => {
    const reasons = [
      { Code: "TransactionConflict" },
      { Code: "ConditionalCheckFailed", Item: { n: { N: "7" } } },
      { Code: "ConditionalCheckFailed" },
    ]
    const { table, sent } = aTable([fault("TransactionCanceledException", reasons)])
    const step = (name: string) => put(key, absent, (found) => new Error(`${name} ${JSON.stringify(found)}`))
    await expect(table.transact([step("a"), step("b"), step("c")])).rejects.toThrow('b {"n":7}')
    expect(sent.length).toBe(1)
    const missing = aTable([fault("TransactionCanceledException", [{ Code: "ConditionalCheckFailed" }])])
    await expect(missing.table.transact([step("a")])).rejects.toThrow("a undefined")
  })

  test("that was cancelled for another reason says so itself", async () => {
    const other = fault("TransactionCanceledException", [{ Code: "ItemCollectionSizeLimitExceeded" }])
    expect(
      await aTable([other])
        .table.transact([put(key, absent, failed)])
        .catch((error) => error),
    ).toBe(other)
  })

  test("outside of a transaction answers whether its condition held", async () => {
    const { table, sent } = aTable([{}, fault("ConditionalCheckFailedException"), fault("ValidationException")])
    const update = () => table.update(key, { set: { a: 1 } }, where("#b = :b", { b: 2 }))
    expect([await update(), await update()]).toEqual([true, false])
    await expect(update()).rejects.toThrow("ValidationException")
    expect(sent[0]).toMatchObject({
      ...{ name: "UpdateCommand", options: {} },
      input: { TableName: "T", Key: key, UpdateExpression: "SET #a = :set_a", ConditionExpression: "#b = :b" },
    })
  })

  test("that somebody throws at is thrown on", async () => {
    const { table } = aTable()
    const send = () => Promise.reject("a text")
    const on = createTable({ send } as unknown as DynamoDBDocumentClient, "T")
    await expect(on.get(key)).rejects.toThrow(Unavailable)
    expect(await table.get(key)).toBeUndefined()
  })
})

describe("once its invocation is over", () => {
  test("a table sends nothing more, and whatever was on its way is told to stop", async () => {
    const over = new AbortController()
    const { table, sent } = aTable([], over.signal)
    await table.get(key)
    expect(sent[0]?.options).toEqual({ abortSignal: over.signal })
    over.abort()
    for (const act of [
      () => table.get(key),
      () => table.batchGet([key]),
      () => table.query("P", ""),
      () => table.queryDown({ partition: "P", least: "a", most: "b", limit: 1 }),
      () => table.queryIndex({ index: "list", partition: "P", limit: 1 }),
      () => table.update(key, { set: { a: 1 } }, absent),
      () => table.transact([put(key, absent, failed)]),
    ])
      await expect(act()).rejects.toThrow(Unavailable)
    expect(sent.length).toBe(1)
  })
})
