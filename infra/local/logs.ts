import { appendFileSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type { Lambdas } from "./lambdas.ts"
import { type Assembly, account, functionNameIn } from "./template.ts"

/** CloudWatch Logs, as far as the template uses it: log groups, and subscription filters that hand lines to a Lambda. */
export interface Logs {
  add: (logGroup: string, line: string) => void
  /** Keeps an event that a Lambda failed on for good, where the dead-letter queue would. */
  keepUndone: (functionName: string, event: unknown) => void
  /** Delivers what still waits. */
  stop: () => Promise<void>
}

/** Lines wait so long for company: CloudWatch delivers in batches too, within seconds. */
const batchMilliseconds = 200
/** An asynchronous invocation that fails is repeated twice, then it is the dead-letter queue's. */
const deliveries = 3

export function createLogs(assembly: Assembly, lambdasOf: () => Lambdas, directory: string): Logs {
  mkdirSync(directory, { recursive: true })
  const subscriptions = assembly.ofType("AWS::Logs::SubscriptionFilter").map((resource) => {
    const { LogGroupName, FilterPattern, DestinationArn } = assembly.resolved(resource)
    return {
      logGroup: LogGroupName,
      term: termOf(FilterPattern),
      target: functionNameIn(DestinationArn),
      batch: [] as Line[],
    }
  })
  const file = (logGroup: string) => join(directory, `${logGroup.replace(/^\//, "").replaceAll("/", ".")}.log`)
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const deliver = async () => {
    clearTimeout(timer)
    timer = undefined
    const due = subscriptions.filter(({ batch }) => batch.length > 0)
    const invocations = due.map(({ logGroup, target, batch }) => {
      const logEvents = batch.splice(0).map((line, index) => ({ id: String(index), ...line }))
      const data = { messageType: "DATA_MESSAGE", owner: account, logGroup, logStream: "local", logEvents }
      return invoke(target, { awslogs: { data: gzipSync(JSON.stringify(data)).toString("base64") } })
    })
    await Promise.all(invocations)
  }
  const keepUndone = (target: string, event: unknown) =>
    appendFileSync(join(directory, `${target}-undone.jsonl`), `${JSON.stringify(event)}\n`)
  const invoke = async (target: string, event: unknown) => {
    for (let n = 1; n <= deliveries && !stopped; n++) {
      const outcome = await lambdasOf().invoke(target, event)
      if (!("error" in outcome)) return
      if (n === deliveries) keepUndone(target, event)
    }
  }

  return {
    keepUndone,
    add: (logGroup, line) => {
      appendFileSync(file(logGroup), `${line}\n`)
      for (const subscription of subscriptions)
        if (subscription.logGroup === logGroup && line.includes(subscription.term)) {
          subscription.batch.push({ timestamp: Date.now(), message: line })
          timer ??= setTimeout(() => void deliver(), batchMilliseconds)
        }
    },
    stop: async () => {
      // The last use before Ctrl-C is a use too.
      await deliver()
      stopped = true
    },
  }
}

interface Line {
  timestamp: number
  message: string
}

/** The one kind of filter pattern that we use: a quoted term, which matches as text. */
function termOf(pattern: string): string {
  const term = /^"([^"]+)"$/.exec(pattern)?.[1]
  if (!term) throw new Error(`the local run knows filter patterns of one quoted term only, not ${pattern}`)
  return term
}
