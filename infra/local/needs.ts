import { type Assembly, account, type Properties, region, secretArn } from "./template.ts"

/** What IAM is asked before a request is served: one action on one resource, with the partition keys that it is about. */
export interface Need {
  action: string
  resource: string
  leadingKeys: string[]
  /** Of a mail: the condition key ses:FromAddress. */
  fromAddress?: string
}

/** The partition key's attribute of each table and index, by ARN. */
export type PartitionKeys = Map<string, string>

const tableArn = (name: string) => `arn:aws:dynamodb:${region}:${account}:table/${name}`

export function partitionKeysOf(assembly: Assembly): PartitionKeys {
  const keys: PartitionKeys = new Map()
  for (const resource of assembly.ofType("AWS::DynamoDB::GlobalTable")) {
    const { TableName, KeySchema, GlobalSecondaryIndexes = [] } = assembly.resolved(resource)
    keys.set(tableArn(TableName), partitionKeyIn(KeySchema))
    for (const index of GlobalSecondaryIndexes)
      keys.set(`${tableArn(TableName)}/index/${index.IndexName}`, partitionKeyIn(index.KeySchema))
  }
  return keys
}

const partitionKeyIn = (schema: Properties[]): string =>
  schema.find(({ KeyType }) => KeyType === "HASH")?.AttributeName ?? ""

const writes = { Put: "PutItem", Update: "UpdateItem", Delete: "DeleteItem", ConditionCheck: "ConditionCheckItem" }

/**
 * What a request to DynamoDB needs, all of it: a transaction needs each item's own action on its own key, a batch one action
 * for each table on all of that table's keys. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 */
export function dynamodbNeeds(operation: string, input: Properties, partitionKeys: PartitionKeys): Need[] {
  const need = (action: string, table: string, items: Properties[]): Need => {
    const resource = tableArn(table)
    const leadingKeys = items.map((item) => textOf(item?.[partitionKeys.get(resource) ?? ""]))
    return { action: `dynamodb:${action}`, resource, leadingKeys }
  }
  const batches = () => Object.entries((input.RequestItems ?? {}) as Record<string, Properties>)
  switch (operation) {
    case "PutItem":
      return [need(operation, input.TableName, [input.Item])]
    case "GetItem":
    case "UpdateItem":
    case "DeleteItem":
      return [need(operation, input.TableName, [input.Key])]
    case "BatchGetItem":
      return batches().map(([table, { Keys }]) => need(operation, table, Keys))
    case "BatchWriteItem":
      return batches().map(([table, requests]) =>
        need(
          operation,
          table,
          requests.map(({ PutRequest, DeleteRequest }: Properties) => PutRequest?.Item ?? DeleteRequest?.Key),
        ),
      )
    case "TransactGetItems":
      return input.TransactItems.map(({ Get }: Properties) => need("GetItem", Get.TableName, [Get.Key]))
    case "TransactWriteItems":
      return (input.TransactItems as Properties[]).flatMap((item) =>
        Object.entries(writes).flatMap(([name, action]) =>
          item[name] ? [need(action, item[name].TableName, [item[name].Item ?? item[name].Key])] : [],
        ),
      )
    case "Query":
      return [queryNeed(input, partitionKeys)]
    default:
      // Scan too: it has no leading key, so that a condition on all of them holds, on AWS as here.
      return [{ action: `dynamodb:${operation}`, resource: resourceOf(input), leadingKeys: [] }]
  }
}

/**
 * What a request to a table's stream needs. The engine's ARN has a label, and perhaps a region, of its own; an iterator names no
 * stream at all, but there is one table.
 */
export function streamNeeds(operation: string, { StreamArn }: Properties, partitionKeys: PartitionKeys): Need[] {
  const [onlyTable = ""] = partitionKeys.keys()
  const named = /:table\/([^/]+)\/stream\//.exec(StreamArn ?? "")?.[1]
  const resource = operation === "ListStreams" ? "*" : `${named ? tableArn(named) : onlyTable}/stream/local`
  return [{ action: `dynamodb:${operation}`, resource, leadingKeys: [] }]
}

const resourceOf = ({ TableName, IndexName }: Properties): string => {
  if (TableName === undefined) return "*"
  return IndexName === undefined ? tableArn(TableName) : `${tableArn(TableName)}/index/${IndexName}`
}

function queryNeed(input: Properties, partitionKeys: PartitionKeys): Need {
  const resource = resourceOf(input)
  const { KeyConditionExpression = "", ExpressionAttributeNames = {}, ExpressionAttributeValues = {} } = input
  const equalities = [...String(KeyConditionExpression).matchAll(/(#?[\w.-]+)\s*=\s*(:\w+)/g)]
  const [, , value = ""] =
    equalities.find(([, name = ""]) => (ExpressionAttributeNames[name] ?? name) === partitionKeys.get(resource)) ?? []
  return { action: "dynamodb:Query", resource, leadingKeys: [textOf(ExpressionAttributeValues[value])] }
}

/** Of `{ S: "…" }`. Empty without one, which the engine refuses by itself. */
const textOf = (attribute: Properties | undefined): string => String(Object.values(attribute ?? {})[0] ?? "")

/** BatchGetSecretValue takes no resource; what it may return is asked about each secret. */
export const batchOfSecrets: Need = { action: "secretsmanager:BatchGetSecretValue", resource: "*", leadingKeys: [] }

/** `secretId` is a name or an ARN. */
export const secretNeed = (secretId: string, action = "GetSecretValue"): Need => ({
  action: `secretsmanager:${action}`,
  resource: secretId.startsWith("arn:") ? secretId : secretArn(secretId),
  leadingKeys: [],
})
