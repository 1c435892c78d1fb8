import { setTimeout as sleep } from "node:timers/promises"
import type { CloudFormationCustomResourceEvent } from "aws-lambda"
import { Problem } from "../shared/contract/problems.ts"
import type { Runtime } from "../shared/runtime.ts"
import { describeError } from "./runtime.ts"

const attempts = 3
const timeoutMilliseconds = 5000

/**
 * Runs a job for CloudFormation too, whose custom resource it then is: with the resource's properties as the event, on Create
 * and Update, and never on Delete. What comes of it is put to the event's ResponseURL; that can't be done: throws, so that
 * Lambda delivers the event again. Any other event is run as it is.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
 */
export async function orCustomResource<Result>(
  runtime: Runtime,
  event: unknown,
  run: (event: unknown) => Promise<Result>,
): Promise<Result | undefined> {
  if (!isOfCloudFormation(event)) return run(event)
  const { ServiceToken: _, ServiceTimeout: __, ...properties } = event.ResourceProperties
  let result: Result | undefined
  let reason: string | undefined
  try {
    if (event.RequestType !== "Delete") result = await run(properties)
  } catch (error) {
    runtime.log({ event: "custom-resource", outcome: "failed", error: describeError(error) })
    reason = reasonOf(error)
  }
  await answer(event, reason)
  return result
}

const isOfCloudFormation = (event: unknown): event is CloudFormationCustomResourceEvent =>
  typeof event === "object" && event !== null && "RequestType" in event && "ResponseURL" in event

/** Whoever may describe the stack reads it. A problem's text is fixed; any other error's could be anything. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Problem)) return "it failed: the function's log says why"
  const errors = (error.extras.errors ?? []) as { pointer: string; detail: string }[]
  return [error.message, ...errors.map(({ pointer, detail }) => `${pointer} ${detail}`)].join(": ")
}

async function answer(event: CloudFormationCustomResourceEvent, reason: string | undefined): Promise<void> {
  const { StackId, RequestId, LogicalResourceId } = event
  // Bytes, since text would go with a Content-Type, which the URL's signature doesn't have.
  const body = new TextEncoder().encode(
    JSON.stringify({
      Status: reason === undefined ? "SUCCESS" : "FAILED",
      ...(reason !== undefined && { Reason: reason }),
      // The same for ever: another one would make CloudFormation delete the resource under its former id.
      PhysicalResourceId: "PhysicalResourceId" in event ? event.PhysicalResourceId : LogicalResourceId,
      ...{ StackId, RequestId, LogicalResourceId },
    }),
  )
  for (let n = 1; ; n++) {
    const status = await put(event.ResponseURL, body)
    if (status === 200) return
    // The URL is a credential: it stands in no message.
    if (n >= attempts) throw new Error(`CloudFormation could not be answered: ${status}`)
    await sleep(200 * n)
  }
}

async function put(url: string, body: Uint8Array<ArrayBuffer>): Promise<number | string> {
  try {
    const response = await fetch(url, { method: "PUT", body, signal: AbortSignal.timeout(timeoutMilliseconds) })
    await response.body?.cancel()
    return response.status
  } catch (error) {
    return error instanceof Error ? error.name : "no response"
  }
}
