import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import type { DynamoDBDocumentClient, TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb"
import { BatchGetCommand, GetCommand, QueryCommand, TransactWriteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb"
import { unmarshall } from "@aws-sdk/util-dynamodb"
import { Unavailable } from "../runtime.ts"
import { type IndexName, indexes, type Key } from "./table.ts"

type Attributes = Record<string, unknown>
type TransactItem = NonNullable<TransactWriteCommandInput["TransactItems"]>[number]

/** One write of a transaction, and the error that answers its failed condition: made from the item as it was found. */
export interface Step {
  write: (tableName: string) => TransactItem
  otherwise: (found: Attributes | undefined) => Error
}

/** An index's page: keys of rows, newest first, below `after` (a sort key of the index). */
export interface IndexQuery {
  index: IndexName
  partition: string
  after?: string | undefined
  limit: number
}

/** The table as the stores use it. Reads are strongly consistent, but for `queryIndex`. All of it throws Unavailable. */
export interface Table {
  get: <T>(key: Key) => Promise<T | undefined>
  /** In no order, missing ones left out. */
  batchGet: <T>(keys: readonly Key[]) => Promise<T[]>
  /** A whole partition's rows whose sort key begins with `prefix`. */
  query: <T>(partition: string, prefix: string) => Promise<T[]>
  queryIndex: (query: IndexQuery) => Promise<(Key & { at: string })[]>
  /** A plain conditional update outside of any transaction; false when its condition failed. */
  update: (key: Key, changes: Changes, condition: Condition) => Promise<boolean>
  /** All steps or none. Throws what the first failed step's `otherwise` says. */
  transact: (steps: readonly Step[]) => Promise<void>
}

/** What an update does, by attribute name. */
export interface Changes {
  set?: Attributes
  add?: Record<string, number>
  /** Sets an attribute to another one, as it is before this update, plus a number. */
  sum?: Record<string, readonly [attribute: string, plus: number]>
  remove?: readonly string[]
}

/** A condition expression in which `#x` is the attribute x, and `:x` a value. */
export interface Condition {
  expression: string
  values?: Attributes
}

export const where = (expression: string, values: Attributes = {}): Condition => ({ expression, values })
export const exists = where("attribute_exists(#PK)")
export const always = where("")
export const absent = where("attribute_not_exists(#PK)")

type Otherwise = Step["otherwise"]

export const put = <T extends Key>(item: T, condition: Condition, otherwise: Otherwise): Step => ({
  write: (TableName) => ({ Put: { TableName, Item: item as T & Attributes, ...conditional(condition) } }),
  otherwise,
})

export const update = (key: Key, changes: Changes, condition: Condition, otherwise: Otherwise): Step => ({
  write: (TableName) => ({ Update: { TableName, Key: key, ...updating(changes, condition) } }),
  otherwise,
})

export const remove = (key: Key, condition: Condition, otherwise: Otherwise): Step => ({
  write: (TableName) => ({ Delete: { TableName, Key: key, ...conditional(condition) } }),
  otherwise,
})

export const check = (key: Key, condition: Condition, otherwise: Otherwise): Step => ({
  write: (TableName) => ({
    ConditionCheck: { TableName, Key: key, ConditionExpression: condition.expression, ...conditional(condition) },
  }),
  otherwise,
})

/** An attempt that lost against other writers: read again and try anew. See `retrying`. */
export class Conflict extends Error {
  override name = "Conflict"
}

const attempts = 12
const batchSize = 100
const backoff = (attempt: number): Promise<void> => sleep(Math.random() * Math.min(400, 10 * 2 ** attempt))

/** Runs a read-decide-write again while another writer got in between; a dozen losses in a row are a fault (503). */
export async function retrying<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 0; ; n++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      if (n >= attempts) throw new Unavailable("too many conflicts", { cause: error })
    }
    await backoff(n)
  }
}

export function createTable(client: DynamoDBDocumentClient, tableName: string): Table {
  return {
    get: async <T>(key: Key) => {
      const { Item } = await available(() =>
        client.send(new GetCommand({ TableName: tableName, Key: { PK: key.PK, SK: key.SK }, ConsistentRead: true })),
      )
      return Item as T | undefined
    },

    batchGet: async <T>(keys: readonly Key[]) => {
      const found: T[] = []
      const distinct = [...new Map(keys.map(({ PK, SK }) => [`${PK}\n${SK}`, { PK, SK }])).values()]
      for (let start = 0; start < distinct.length; start += batchSize) {
        let rest: Attributes[] = distinct.slice(start, start + batchSize)
        for (let n = 0; rest.length > 0; n++) {
          // A key that stays unprocessed must not read as absent.
          if (n > attempts) throw new Unavailable("unprocessed keys")
          if (n > 0) await backoff(n)
          const answer = await available(() =>
            client.send(new BatchGetCommand({ RequestItems: { [tableName]: { Keys: rest, ConsistentRead: true } } })),
          )
          found.push(...((answer.Responses?.[tableName] ?? []) as T[]))
          rest = answer.UnprocessedKeys?.[tableName]?.Keys ?? []
        }
      }
      return found
    },

    query: async <T>(partition: string, prefix: string) => {
      const found: T[] = []
      let from: Attributes | undefined
      do {
        const answer = await available(() =>
          client.send(
            new QueryCommand({
              TableName: tableName,
              KeyConditionExpression: "PK = :partition AND begins_with(SK, :prefix)",
              ExpressionAttributeValues: { ":partition": partition, ":prefix": prefix },
              ConsistentRead: true,
              ExclusiveStartKey: from,
            }),
          ),
        )
        found.push(...((answer.Items ?? []) as T[]))
        from = answer.LastEvaluatedKey
      } while (from)
      return found
    },

    queryIndex: async ({ index, partition, after, limit }) => {
      const { partition: partitionKey, sort } = indexes[index]
      const answer = await available(() =>
        client.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: index,
            KeyConditionExpression: `${partitionKey} = :partition${after === undefined ? "" : ` AND ${sort} < :after`}`,
            ExpressionAttributeValues: { ":partition": partition, ...(after !== undefined && { ":after": after }) },
            ScanIndexForward: false,
            Limit: limit,
          }),
        ),
      )
      return (answer.Items ?? []).map((item) => ({ PK: item.PK, SK: item.SK, at: item[sort] as string }))
    },

    update: async (key, changes, condition) => {
      try {
        await conflictFree(() =>
          client.send(new UpdateCommand({ TableName: tableName, Key: key, ...updating(changes, condition) })),
        )
        return true
      } catch (error) {
        if (nameOf(error) === "ConditionalCheckFailedException") return false
        throw error
      }
    },

    transact: async (steps) => {
      // One token per logical mutation: a repeat of our own write, whose answer was lost, succeeds (for ten minutes).
      const ClientRequestToken = randomUUID()
      const TransactItems = steps.map((step) => step.write(tableName))
      try {
        await conflictFree(() => client.send(new TransactWriteCommand({ TransactItems, ClientRequestToken })))
      } catch (error) {
        const reasons = cancellationReasons(error)
        const failed = reasons.findIndex((reason) => reason.Code === "ConditionalCheckFailed")
        if (failed < 0) throw error
        const found = reasons[failed]?.Item
        throw (steps[failed] as Step).otherwise(found && unmarshall(found))
      }
    },
  }
}

/** The SDK doesn't retry what other writers' transactions do to ours, so we do: full jitter, 10 to 400 ms, twelve times. */
async function conflictFree<T>(send: () => Promise<T>): Promise<T> {
  for (let n = 0; ; n++) {
    try {
      return await available(send)
    } catch (error) {
      if (!isConflict(error)) throw error
      if (n >= attempts) throw new Unavailable("too many transaction conflicts", { cause: error })
    }
    await backoff(n)
  }
}

const transient = new Set(["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])

function isConflict(error: unknown): boolean {
  if (nameOf(error) === "TransactionInProgressException" || nameOf(error) === "TransactionConflictException")
    return true
  const codes = cancellationReasons(error).map((reason) => reason.Code ?? "None")
  return codes.some((code) => transient.has(code)) && !codes.includes("ConditionalCheckFailed")
}

/** Errors that say something about our request; every other one says that the table can't be reached. */
const answers = new Set([
  "ConditionalCheckFailedException",
  "TransactionCanceledException",
  "TransactionConflictException",
  "TransactionInProgressException",
  "IdempotentParameterMismatchException",
  "ValidationException",
])

async function available<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if (answers.has(nameOf(error))) throw error
    throw new Unavailable("the table is unavailable", { cause: error })
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "")

interface CancellationReason {
  Code?: string
  Item?: Parameters<typeof unmarshall>[0]
}

const cancellationReasons = (error: unknown): CancellationReason[] =>
  (error as { CancellationReasons?: CancellationReason[] }).CancellationReasons ?? []

/** The expression's own names for attributes: DynamoDB reserves hundreds of words, `name` and `state` among them. */
const namesIn = (expression: string): Record<string, string> =>
  Object.fromEntries([...expression.matchAll(/#(\w+)/g)].map(([alias, attribute]) => [alias, attribute as string]))

const placeholders = (values: Attributes): Attributes =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`:${key}`, value]))

const conditional = ({ expression, values = {} }: Condition) => ({
  ...(expression !== "" && {
    ConditionExpression: expression,
    ExpressionAttributeNames: namesIn(expression),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  }),
  ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: placeholders(values) }),
})

function updating({ set = {}, add = {}, sum = {}, remove = [] }: Changes, { expression, values = {} }: Condition) {
  const clauses: string[] = []
  const bound: Attributes = { ...values }
  const assign = (attributes: Attributes, prefix: string, join: string) =>
    Object.entries(attributes).map(([attribute, value]) => {
      bound[`${prefix}_${attribute}`] = value
      return `#${attribute}${join}:${prefix}_${attribute}`
    })
  const present = Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined))
  const sums = Object.entries(sum).map(([attribute, [other, plus]]) => {
    bound[`plus_${attribute}`] = plus
    return `#${attribute} = #${other} + :plus_${attribute}`
  })
  const assignments = [...assign(present, "set", " = "), ...sums]
  if (assignments.length > 0) clauses.push(`SET ${assignments.join(", ")}`)
  if (Object.keys(add).length > 0) clauses.push(`ADD ${assign(add, "add", " ").join(", ")}`)
  if (remove.length > 0) clauses.push(`REMOVE ${remove.map((attribute) => `#${attribute}`).join(", ")}`)
  const UpdateExpression = clauses.join(" ")
  return {
    UpdateExpression,
    ...conditional({ expression, values: bound }),
    ExpressionAttributeNames: namesIn(`${UpdateExpression} ${expression}`),
  }
}
