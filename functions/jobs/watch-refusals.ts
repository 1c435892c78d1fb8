import type { CloudWatchLogsEvent } from "aws-lambda"
import { system } from "../../shared/store/audit.ts"
import { watchRefusals } from "../../shared/store/refusals.ts"
import { job } from "../job.ts"
import { logLines } from "../log-lines.ts"

/** Tells of networks whose credentials are refused again and again. */
export const handler = job("watch-refusals", async (runtime, event: CloudWatchLogsEvent, requestId) => ({
  bursts: await watchRefusals(runtime, system("watch-refusals", requestId), logLines(event)),
}))
