import type { DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda"
import { measured } from "../../shared/contract/metrics.ts"
import { lineOf, writeLines } from "../../shared/store/archive.ts"
import { archiveBucket } from "../archive.ts"
import { job } from "../job.ts"
import { changeOf } from "../stream-records.ts"

const write = archiveBucket(process.env)

/**
 * Takes audit events from the table's stream to the archive: an object a batch, named by when it happened and by what it holds, so
 * that a second delivery writes the same again. A batch that fails is delivered until it succeeds, or the stream forgets it.
 */
export const handler = job("archive-audit-events", async (runtime, { Records }: DynamoDBStreamEvent) => {
  const lines = Records.flatMap((record) => lineOf(changeOf(record)) ?? [])
  if (lines.length === 0) return { archived: 0 }
  for (const line of lines)
    if ("tampered" in line)
      runtime.log({
        event: "audit.tampered",
        change: line.tampered.change,
        id: line.tampered.event.id,
        subject: line.tampered.event.PK,
        ...measured("Count", { AuditTampered: 1 }, runtime.stage.name, runtime.now()),
      })
  await write(objectNameOf(Records), writeLines(lines))
  return { archived: lines.length }
})

/** `2026/11/24/10/<first sequence number>-<last>.jsonl`: by the hour of the oldest change in it. */
function objectNameOf(records: readonly DynamoDBRecord[]): string {
  const [first, last] = [records[0]?.dynamodb, records.at(-1)?.dynamodb]
  // Lambda tells it in seconds.
  const hour = new Date((first?.ApproximateCreationDateTime ?? 0) * 1000).toISOString().slice(0, 13)
  return `${hour.replaceAll(/[-T]/g, "/")}/${first?.SequenceNumber}-${last?.SequenceNumber}.jsonl`
}
