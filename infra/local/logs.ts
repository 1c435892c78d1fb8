import { randomUUID } from "node:crypto"
import { appendFileSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { createDeliveries, type KeepUndone } from "./deliveries.ts"
import type { Lambdas } from "./lambdas.ts"
import { type Assembly, account, functionNameIn } from "./template.ts"

/** CloudWatch Logs, as far as the template uses it: log groups, and subscription filters that hand lines to a Lambda. */
export interface Logs {
  add: (logGroup: string, line: string) => void
  keepUndone: KeepUndone
  /** Delivers what still waits, and waits for what is on its way. */
  stop: () => Promise<void>
}

/** Lines wait so long for company: CloudWatch delivers in batches too, within seconds. */
const batchMilliseconds = 200

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
  const keepUndone: KeepUndone = (functionName, event) =>
    appendFileSync(join(directory, `${functionName}-undone.jsonl`), `${JSON.stringify(event)}\n`)
  const deliveries = createDeliveries(lambdasOf, keepUndone)
  let timer: NodeJS.Timeout | undefined

  const deliver = () => {
    clearTimeout(timer)
    timer = undefined
    for (const { logGroup, target, batch } of subscriptions.filter(({ batch }) => batch.length > 0)) {
      const logEvents = batch.splice(0)
      const data = { messageType: "DATA_MESSAGE", owner: account, logGroup, logStream: "local", logEvents }
      deliveries.start(target, { awslogs: { data: gzipSync(JSON.stringify(data)).toString("base64") } })
    }
  }

  return {
    keepUndone,
    add: (logGroup, line) => {
      appendFileSync(file(logGroup), `${line}\n`)
      for (const subscription of subscriptions)
        if (subscription.logGroup === logGroup && line.includes(subscription.term)) {
          subscription.batch.push({ id: randomUUID(), timestamp: Date.now(), message: line })
          timer ??= setTimeout(deliver, batchMilliseconds)
        }
    },
    stop: async () => {
      // The last use before Ctrl-C is a use too.
      deliver()
      await deliveries.settled()
    },
  }
}

interface Line {
  /** Its own, however often it is delivered. */
  id: string
  timestamp: number
  message: string
}

/** The one kind of filter pattern that we use: a quoted term, which matches as text. */
function termOf(pattern: string): string {
  const term = /^"([^"]+)"$/.exec(pattern)?.[1]
  if (!term) throw new Error(`the local run knows filter patterns of one quoted term only, not ${pattern}`)
  return term
}
