import type { CloudWatchLogsEvent } from "aws-lambda"
import { system } from "../../shared/store/audit.ts"
import { coalesce, recordUsage } from "../../shared/store/usage.ts"
import { job } from "../job.ts"
import { logLines } from "../log-lines.ts"

/** Takes the authorizer's log lines to the tokens' rows: `last_used`, networks, and digests under a new key. */
export const handler = job("record-usage", async (runtime, event: CloudWatchLogsEvent, requestId) => {
  await recordUsage(runtime, system("record-usage", requestId), coalesce(logLines(event).map((line) => line.message)))
})
