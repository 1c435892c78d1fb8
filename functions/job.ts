import middy from "@middy/core"
import type { JobKey } from "../shared/contract/jobs.ts"
import type { Runtime } from "../shared/runtime.ts"
import { describeError, lambdaRuntime, type RuntimeOf, whileRunning } from "./runtime.ts"

/**
 * The pipeline of every job: call, one log line. A job that fails throws, so that its source delivers again and, in the
 * end, its dead-letter queue keeps what was not done.
 */
export const job = <Event, Result>(
  key: JobKey,
  run: (runtime: Runtime, event: Event, requestId: string, functionArn: string) => Promise<Result>,
  runtimeOf: RuntimeOf = lambdaRuntime,
) =>
  middy<Event, Result>()
    .use({
      onError: (request) => {
        runtimeOf().log({ event: "job", job: key, outcome: "failed", error: describeError(request.error) })
      },
    })
    .handler(async (event, context, { signal }) => {
      const { awsRequestId, invokedFunctionArn } = context
      const result = await whileRunning(runtimeOf, signal, (runtime) =>
        run(runtime, event, awsRequestId, invokedFunctionArn),
      )
      runtimeOf().log({ event: "job", job: key, outcome: "done", requestId: awsRequestId })
      return result
    })
