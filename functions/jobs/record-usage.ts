import { gunzipSync } from "node:zlib"
import type { CloudWatchLogsDecodedData, CloudWatchLogsEvent } from "aws-lambda"
import { coalesce, recordUsage } from "../../shared/store/usage.ts"
import { job } from "../job.ts"

/** Takes the authorizer's log lines to the tokens' rows: `last_used`, networks, and digests under a new key. */
export const handler = job("record-usage", async (runtime, event: CloudWatchLogsEvent) => {
  const data: CloudWatchLogsDecodedData = JSON.parse(gunzipSync(Buffer.from(event.awslogs.data, "base64")).toString())
  await recordUsage(runtime, coalesce(data.logEvents.map((line) => line.message)))
})
