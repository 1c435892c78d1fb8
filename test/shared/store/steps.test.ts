import { describe, expect, test } from "vitest"
import { absent, always, check, exists, put, remove, update, updating, where } from "../../../shared/store/steps.ts"

/** What DynamoDB is sent: to the expression. */
const key = { PK: "A", SK: "B" }
const failed = () => new Error("failed")

describe("a step", () => {
  test("writes an item whole, on a condition whose names and values are its own", () => {
    const step = put({ ...key, name: "n" }, where("#version = :version", { version: 3 }), failed)
    expect(step.write("T")).toEqual({
      Put: {
        TableName: "T",
        Item: { ...key, name: "n" },
        ConditionExpression: "#version = :version",
        ExpressionAttributeNames: { "#version": "version" },
        ExpressionAttributeValues: { ":version": 3 },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
    })
    expect(step.otherwise(undefined)).toEqual(new Error("failed"))
  })

  test("removes, where a condition without values brings none", () => {
    expect(remove(key, exists, failed).write("T")).toEqual({
      Delete: {
        TableName: "T",
        Key: key,
        ConditionExpression: "attribute_exists(#PK)",
        ExpressionAttributeNames: { "#PK": "PK" },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
    })
  })

  test("removes whatever is there on no condition", () => {
    expect(remove(key, always, failed).write("T")).toEqual({ Delete: { TableName: "T", Key: key } })
  })

  test("checks", () => {
    expect(check(key, absent, failed).write("T")).toEqual({
      ConditionCheck: {
        TableName: "T",
        Key: key,
        ConditionExpression: "attribute_not_exists(#PK)",
        ExpressionAttributeNames: { "#PK": "PK" },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
    })
  })

  test("updates, with the names of what it does and of its condition", () => {
    const changes = { set: { name: "n" }, add: { version: 1 }, remove: ["gone"] }
    expect(update(key, changes, where("#state = :is", { is: "A" }), failed).write("T")).toEqual({
      Update: {
        TableName: "T",
        Key: key,
        UpdateExpression: "SET #name = :set_name ADD #version :add_version REMOVE #gone",
        ConditionExpression: "#state = :is",
        ExpressionAttributeNames: { "#name": "name", "#version": "version", "#gone": "gone", "#state": "state" },
        ExpressionAttributeValues: { ":is": "A", ":set_name": "n", ":add_version": 1 },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
    })
  })
})

describe("an update", () => {
  test("says several of each, and sums from another attribute", () => {
    const changes = {
      set: { a: 1, b: undefined, c: null },
      add: { d: 2, e: -1 },
      sum: { f: ["g", 1] as const },
      remove: ["h", "i"],
    }
    expect(updating(changes, always)).toEqual({
      UpdateExpression: "SET #a = :set_a, #c = :set_c, #f = #g + :plus_f ADD #d :add_d, #e :add_e REMOVE #h, #i",
      ExpressionAttributeNames: Object.fromEntries([..."acdefghi"].map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: { ":set_a": 1, ":set_c": null, ":add_d": 2, ":add_e": -1, ":plus_f": 1 },
    })
  })

  test.each([
    [{ set: { a: 1 } }, "SET #a = :set_a"],
    [{ add: { a: 1 } }, "ADD #a :add_a"],
    [{ sum: { a: ["b", 1] as const } }, "SET #a = #b + :plus_a"],
    [{ remove: ["a"] }, "REMOVE #a"],
    [{ set: { a: undefined }, remove: ["b"] }, "REMOVE #b"],
  ])("of one kind alone says that alone: %j", (changes, expression) => {
    expect(updating(changes, always).UpdateExpression).toBe(expression)
  })
})
