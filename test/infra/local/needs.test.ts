import { expect, it } from "vitest"
import { dynamodbNeeds, partitionKeysOf, secretNeed } from "../../../infra/local/needs.ts"
import { Assembly, type Properties } from "../../../infra/local/template.ts"
import { assemblyFor } from "./fixture.ts"

const keySchema = (partition: string) => [
  { AttributeName: "SK", KeyType: "RANGE" },
  { AttributeName: partition, KeyType: "HASH" },
]
const tableOf = (TableName: string) => ({
  Type: "AWS::DynamoDB::GlobalTable",
  Properties: {
    TableName,
    KeySchema: keySchema("PK"),
    GlobalSecondaryIndexes: [{ IndexName: "list", KeySchema: keySchema("LPK") }],
  },
})
const key = (PK: string) => ({ SK: { S: "s" }, PK: { S: PK } })
const values = { ":p": { S: "A#1" }, ":s": { S: "s" } }
const onTable = (TableName: string, PK: string) => ({ TableName, Key: key(PK) })

it.each<[operation: string, input: Properties, needs: string[]]>([
  ["GetItem", onTable("t", "A#1"), ["GetItem table/t A#1"]],
  ["UpdateItem", onTable("t", "A#1"), ["UpdateItem table/t A#1"]],
  ["DeleteItem", onTable("t", "A#1"), ["DeleteItem table/t A#1"]],
  ["PutItem", { TableName: "t", Item: { ...key("A#1"), name: { S: "n" } } }, ["PutItem table/t A#1"]],
  [
    "BatchGetItem",
    { RequestItems: { t: { Keys: [key("A#1"), key("B#1")] }, u: { Keys: [key("C#1")] } } },
    ["BatchGetItem table/t A#1 B#1", "BatchGetItem table/u C#1"],
  ],
  [
    "BatchWriteItem",
    { RequestItems: { t: [{ PutRequest: { Item: key("A#1") } }, { DeleteRequest: { Key: key("B#1") } }] } },
    ["BatchWriteItem table/t A#1 B#1"],
  ],
  [
    "TransactGetItems",
    { TransactItems: [{ Get: onTable("t", "A#1") }, { Get: onTable("u", "B#1") }] },
    ["GetItem table/t A#1", "GetItem table/u B#1"],
  ],
  [
    "TransactWriteItems",
    {
      TransactItems: [
        { Put: { TableName: "t", Item: key("A#1") } },
        { Update: onTable("t", "B#1") },
        { Delete: onTable("t", "C#1") },
        { ConditionCheck: onTable("u", "D#1") },
      ],
    },
    ["PutItem table/t A#1", "UpdateItem table/t B#1", "DeleteItem table/t C#1", "ConditionCheckItem table/u D#1"],
  ],
  [
    "Query",
    { TableName: "t", KeyConditionExpression: "SK = :s AND PK = :p", ExpressionAttributeValues: values },
    ["Query table/t A#1"],
  ],
  [
    "Query",
    {
      TableName: "t",
      IndexName: "list",
      KeyConditionExpression: "#partition=:p AND begins_with(SK, :s)",
      ExpressionAttributeNames: { "#partition": "LPK" },
      ExpressionAttributeValues: values,
    },
    ["Query table/t/index/list A#1"],
  ],
  // Without its partition key: nothing but a wildcard allows it, and the engine doesn't.
  [
    "Query",
    { TableName: "t", KeyConditionExpression: "SK = :s", ExpressionAttributeValues: values },
    ["Query table/t "],
  ],
  ["Scan", { TableName: "t" }, ["Scan table/t"]],
  ["Scan", { TableName: "t", IndexName: "list" }, ["Scan table/t/index/list"]],
  ["DeleteTable", { TableName: "t" }, ["DeleteTable table/t"]],
  ["ListTables", {}, ["ListTables *"]],
])("%s of %j needs %j", (operation, input, needs) => {
  const partitionKeys = partitionKeysOf(new Assembly(assemblyFor({ resources: { t: tableOf("t"), u: tableOf("u") } })))
  const prefix = "arn:aws:dynamodb:us-east-1:000000000000:"
  expect(
    dynamodbNeeds(operation, input, partitionKeys).map(({ action, resource, leadingKeys }) =>
      [action.replace("dynamodb:", ""), resource.replace(prefix, ""), ...leadingKeys].join(" "),
    ),
  ).toEqual(needs)
})

it("a secret is needed by the same ARN, whether it is asked for by name or by ARN", () => {
  const byName = secretNeed("edge")
  expect(byName).toEqual({
    action: "secretsmanager:GetSecretValue",
    resource: "arn:aws:secretsmanager:us-east-1:000000000000:secret:edge-LOCAL0",
    leadingKeys: [],
  })
  expect(secretNeed(byName.resource)).toEqual(byName)
})
