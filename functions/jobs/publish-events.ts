import type { DynamoDBStreamEvent } from "aws-lambda"
import { job } from "../job.ts"
import { eventBus, undoneQueue } from "../outlets.ts"
import { publish } from "../publish.ts"

const [put, keepUndone] = [eventBus(process.env), undoneQueue(process.env)]

/**
 * Takes audit events from the table's stream to the bus, each at least once. What the bus didn't take makes the batch fail, and be
 * delivered until it succeeds, or the stream forgets it; an event that can't be published ever must not stop the others.
 */
export const handler = job("publish-events", (runtime, { Records }: DynamoDBStreamEvent) =>
  publish(runtime, Records, { put, keepUndone }),
)
