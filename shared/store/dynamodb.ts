import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb"
import { BatchGetCommand, GetCommand, QueryCommand, TransactWriteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb"
import { unmarshall } from "@aws-sdk/util-dynamodb"
import { Unavailable } from "../runtime.ts"
import { type Attributes, type Changes, type Condition, type Step, updating } from "./steps.ts"
import { type IndexName, indexes, type Key } from "./table.ts"

/** An index's page: keys of rows, newest first, below `after` (a sort key of the index). */
export interface IndexQuery {
  index: IndexName
  partition: string
  after?: string | undefined
  limit: number
}

export interface RangeQuery {
  partition: string
  least: string
  most: string
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
  /** Rows of a partition between two sort keys (both inclusive), from the last down, below `after`. Strong. */
  queryDown: <T>(query: RangeQuery) => Promise<T[]>
  queryIndex: (query: IndexQuery) => Promise<(Key & { at: string })[]>
  /** A plain conditional update outside of any transaction; false when its condition failed. */
  update: (key: Key, changes: Changes, condition: Condition) => Promise<boolean>
  /** All steps or none. Throws what the first failed step's `otherwise` says. */
  transact: (steps: readonly Step[]) => Promise<void>
}

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

/** A request of the SDK's client, with the options that all of them are sent with. */
type Send<T> = (options: { abortSignal?: AbortSignal }) => Promise<T>

/**
 * The table. From `signal`'s abort on nothing more is sent for whoever holds it, and all of it throws Unavailable: Lambda stops a process whose
 * invocation was answered at its deadline, and lets it go on beside the next one, when what it was about to write may have been decided otherwise.
 */
export function createTable(client: DynamoDBDocumentClient, tableName: string, signal?: AbortSignal): Table {
  const available = async <T>(send: Send<T>): Promise<T> => {
    try {
      signal?.throwIfAborted()
      return await send(signal ? { abortSignal: signal } : {})
    } catch (error) {
      if (answers.has(nameOf(error))) throw error
      throw new Unavailable("the table is unavailable", { cause: error })
    }
  }
  /** The SDK doesn't retry what other writers' transactions do to ours, so we do: full jitter, 10 to 400 ms, twelve times. */
  const conflictFree = async <T>(send: Send<T>): Promise<T> => {
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
  return {
    get: async <T>(key: Key) => {
      const { Item } = await available((options) =>
        client.send(
          new GetCommand({ TableName: tableName, Key: { PK: key.PK, SK: key.SK }, ConsistentRead: true }),
          options,
        ),
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
          const answer = await available((options) =>
            client.send(
              new BatchGetCommand({ RequestItems: { [tableName]: { Keys: rest, ConsistentRead: true } } }),
              options,
            ),
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
        const answer = await available((options) =>
          client.send(
            new QueryCommand({
              TableName: tableName,
              KeyConditionExpression: "PK = :partition AND begins_with(SK, :prefix)",
              ExpressionAttributeValues: { ":partition": partition, ":prefix": prefix },
              ConsistentRead: true,
              ExclusiveStartKey: from,
            }),
            options,
          ),
        )
        found.push(...((answer.Items ?? []) as T[]))
        from = answer.LastEvaluatedKey
      } while (from)
      return found
    },

    queryDown: async <T>({ partition, least, most, after, limit }: RangeQuery) => {
      const answer = await available((options) =>
        client.send(
          new QueryCommand({
            TableName: tableName,
            KeyConditionExpression: "PK = :partition AND SK BETWEEN :least AND :most",
            ExpressionAttributeValues: { ":partition": partition, ":least": least, ":most": most },
            ConsistentRead: true,
            ScanIndexForward: false,
            Limit: limit,
            ...(after !== undefined && { ExclusiveStartKey: { PK: partition, SK: after } }),
          }),
          options,
        ),
      )
      return (answer.Items ?? []) as T[]
    },

    queryIndex: async ({ index, partition, after, limit }) => {
      const { partition: partitionKey, sort } = indexes[index]
      const answer = await available((options) =>
        client.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: index,
            KeyConditionExpression: `${partitionKey} = :partition${after === undefined ? "" : ` AND ${sort} < :after`}`,
            ExpressionAttributeValues: { ":partition": partition, ...(after !== undefined && { ":after": after }) },
            ScanIndexForward: false,
            Limit: limit,
          }),
          options,
        ),
      )
      return (answer.Items ?? []).map((item) => ({ PK: item.PK, SK: item.SK, at: item[sort] as string }))
    },

    update: async (key, changes, condition) => {
      try {
        await conflictFree((options) =>
          client.send(new UpdateCommand({ TableName: tableName, Key: key, ...updating(changes, condition) }), options),
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
        await conflictFree((options) =>
          client.send(new TransactWriteCommand({ TransactItems, ClientRequestToken }), options),
        )
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

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "")

interface CancellationReason {
  Code?: string
  Item?: Parameters<typeof unmarshall>[0]
}

const cancellationReasons = (error: unknown): CancellationReason[] =>
  (error as { CancellationReasons?: CancellationReason[] }).CancellationReasons ?? []
