import type { CloudWatchLogsEvent } from "aws-lambda"
import { coalesce, recordUsage } from "../../shared/store/usage.ts"
import { job } from "../job.ts"
import { logLines } from "../log-lines.ts"

/** Takes the authorizer's log lines to the tokens' rows: `last_used`, networks, and digests under a new key. */
export const handler = job("record-usage", async (runtime, event: CloudWatchLogsEvent) => {
  await recordUsage(runtime, coalesce(logLines(event).map((line) => line.message)))
})
