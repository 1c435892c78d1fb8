import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  type _Record as StreamRecord,
} from "@aws-sdk/client-dynamodb-streams"
import type { Lambdas } from "./lambdas.ts"
import { type Assembly, functionNameIn, type Properties, region } from "./template.ts"

/** The table's stream, as far as the template uses it: event source mappings hand a Lambda the changes that it asks for. */
export interface Streams {
  /** Hands on what still waits. */
  flush: () => Promise<void>
  stop: () => void
}

const everyMilliseconds = 200
/** On AWS a stream is a day long; here a batch that fails is dropped after so many deliveries, and named in the log. */
const deliveries = 3

interface Options {
  assembly: Assembly
  lambdas: Lambdas
  /** Where streams are read with the Lambda's own identity: its role needs the grants that it needs on AWS. */
  endpoint: string
  onUndone: (functionName: string, event: unknown) => void
}

export async function startStreams(options: Options): Promise<Streams> {
  const mappings = options.assembly.ofType("AWS::Lambda::EventSourceMapping").map((resource) => {
    const { FunctionName, EventSourceArn, FilterCriteria, BatchSize } = options.assembly.resolved(resource)
    const functionName = FunctionName.includes(":") ? functionNameIn(FunctionName) : FunctionName
    const prefixes = FilterCriteria.Filters.flatMap(({ Pattern }: Properties) => prefixesIn(JSON.parse(Pattern)))
    return { functionName, tableName: tableNameIn(EventSourceArn), prefixes, batchSize: BatchSize as number }
  })
  const readers = await Promise.all(mappings.map((mapping) => openReader(options, mapping)))
  // Each by itself, as on AWS: one whose Lambda is slow, or fails, must not hold up the others.
  const loops = readers.map(({ read, close }) => {
    let reading = Promise.resolve()
    const next = () => {
      reading = reading.then(read).catch(() => {})
      return reading
    }
    return { next, close, timer: setInterval(next, everyMilliseconds) }
  })
  return {
    flush: async () => void (await Promise.all(loops.map(({ next }) => next()))),
    stop: () => {
      for (const { timer, close } of loops) {
        clearInterval(timer)
        close()
      }
    },
  }
}

interface Mapping {
  functionName: string
  tableName: string
  prefixes: string[]
  batchSize: number
}

async function openReader({ lambdas, endpoint, onUndone }: Options, mapping: Mapping) {
  const identity = { accessKeyId: mapping.functionName, secretAccessKey: "local" }
  const client = new DynamoDBStreamsClient({ endpoint, region, credentials: identity, maxAttempts: 1 })
  const { Streams: streams } = await client.send(new ListStreamsCommand({ TableName: mapping.tableName }))
  const StreamArn = streams?.at(-1)?.StreamArn
  if (!StreamArn) throw new Error(`table ${mapping.tableName} has no stream: npm start -- --fresh`)
  const iterators = new Map<string, string | undefined>()

  const openShards = async (ShardIteratorType: "LATEST" | "TRIM_HORIZON") => {
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamArn }))
    for (const { ShardId = "" } of StreamDescription?.Shards ?? []) {
      if (iterators.has(ShardId)) continue
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType }),
      )
      iterators.set(ShardId, ShardIterator)
    }
  }
  // What was written before this start was handed on, or dropped, before the last stop.
  await openShards("LATEST")

  const hand = async (records: StreamRecord[]) => {
    const wanted = records.filter(({ dynamodb }) =>
      mapping.prefixes.some((prefix) => dynamodb?.Keys?.PK?.S?.startsWith(prefix)),
    )
    for (let start = 0; start < wanted.length; start += mapping.batchSize) {
      const event = { Records: wanted.slice(start, start + mapping.batchSize).map(asLambdaHasIt) }
      for (let n = 1; n <= deliveries; n++) {
        const outcome = await lambdas.invoke(mapping.functionName, event)
        if (!("error" in outcome)) break
        if (n === deliveries) onUndone(mapping.functionName, event)
      }
    }
  }
  return {
    read: async () => {
      await openShards("TRIM_HORIZON")
      for (const [shard, iterator] of iterators) {
        if (!iterator) continue
        const { Records = [], NextShardIterator } = await client.send(
          new GetRecordsCommand({ ShardIterator: iterator }),
        )
        iterators.set(shard, NextShardIterator)
        await hand(Records)
      }
    },
    close: () => client.destroy(),
  }
}

/** Times in seconds, as Lambda has them in its events. */
const asLambdaHasIt = ({ dynamodb, ...record }: StreamRecord) => ({
  ...record,
  eventSource: "aws:dynamodb",
  dynamodb: {
    ...dynamodb,
    ...(dynamodb?.OldImage && { OldImage: typed(dynamodb.OldImage) }),
    ...(dynamodb?.NewImage && { NewImage: typed(dynamodb.NewImage) }),
    ApproximateCreationDateTime: Math.floor((dynamodb?.ApproximateCreationDateTime?.getTime() ?? Date.now()) / 1000),
  },
})

/** DynamoDB Local leaves the type of an empty map out. */
const typed = (image: Properties): Properties =>
  Object.fromEntries(
    Object.entries(image).map(([name, attribute]) => {
      const [type, value] = Object.entries(attribute)[0] ?? ["M", {}]
      return [name, type === "M" ? { M: typed(value as Properties) } : attribute]
    }),
  )

/** `…:table/<name>/stream/<label>` */
function tableNameIn(streamArn: string): string {
  const name = /:table\/([^/]+)\/stream\//.exec(streamArn)?.[1]
  if (!name) throw new Error(`no table is named in ${streamArn}`)
  return name
}

/** The one kind of filter that we use: how a row's partition key begins. */
function prefixesIn(pattern: Properties): string[] {
  const rules = pattern.dynamodb?.Keys?.PK?.S
  if (!Array.isArray(rules))
    throw new Error(`the local run knows filters of partition keys only, not ${JSON.stringify(pattern)}`)
  return rules.map(({ prefix }: Properties) => prefix)
}
