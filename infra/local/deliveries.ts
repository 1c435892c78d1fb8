import type { Lambdas } from "./lambdas.ts"
import type { Assembly } from "./template.ts"

/** Lambda's asynchronous invocations: nobody waits for the answer, and what fails is repeated. */
export interface Deliveries {
  start: (functionName: string, event: unknown) => void
  /** Waits for those under way. False: there were none. */
  settled: () => Promise<boolean>
}

/** Keeps an event that a Lambda failed on for good, where the dead-letter queue would. */
export type KeepUndone = (functionName: string, event: unknown) => void

/** One that fails is repeated twice, then it is the dead-letter queue's. */
const deliveries = 3

export function createDeliveries(lambdasOf: () => Lambdas, keepUndone: KeepUndone): Deliveries {
  const underWay = new Set<Promise<void>>()
  const deliver = async (functionName: string, event: unknown) => {
    for (let n = 1; n <= deliveries; n++) {
      const outcome = await lambdasOf().invoke(functionName, event)
      if (!("error" in outcome)) return
    }
    keepUndone(functionName, event)
  }
  return {
    start: (functionName, event) => {
      const delivery = deliver(functionName, event).finally(() => underWay.delete(delivery))
      underWay.add(delivery)
    },
    settled: async () => {
      const some = underWay.size > 0
      while (underWay.size > 0) await Promise.all(underWay)
      return some
    },
  }
}

/** Whose dead-letter queue it is, by the queue's ARN. */
export const deadLetterQueues = (assembly: Assembly): ReadonlyMap<string, string> =>
  new Map(
    assembly.ofType("AWS::Lambda::Function").flatMap((resource) => {
      const { FunctionName, DeadLetterConfig } = assembly.resolved(resource)
      return DeadLetterConfig ? [[DeadLetterConfig.TargetArn, FunctionName] as const] : []
    }),
  )
