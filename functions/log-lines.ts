import { gunzipSync } from "node:zlib"
import type { CloudWatchLogsDecodedData, CloudWatchLogsEvent, CloudWatchLogsLogEvent } from "aws-lambda"

/** The lines that a subscription filter delivers, each with the id that CloudWatch Logs has given it. */
export function logLines({ awslogs }: CloudWatchLogsEvent): CloudWatchLogsLogEvent[] {
  const data: CloudWatchLogsDecodedData = JSON.parse(gunzipSync(Buffer.from(awslogs.data, "base64")).toString())
  return data.logEvents
}
