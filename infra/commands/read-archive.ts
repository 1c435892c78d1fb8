import { GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3"
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs"
import { type Archive, readArchive } from "../../shared/store/archive.ts"
import type { names } from "../names.ts"
import { lineOf, Refusal, say } from "./command.ts"

/** Why something that reached the stream may not have reached the archive: its dead-letter queue. Empty: it has. */
export async function undoneIn({ deadLetterQueue }: ReturnType<typeof names>): Promise<string[]> {
  const client = new SQSClient({ useQueueUrlAsEndpoint: false })
  const QueueName = deadLetterQueue("archive-audit-events")
  try {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName }))
    const AttributeNames = ["ApproximateNumberOfMessages" as const]
    const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))
    const count = Number(Attributes?.ApproximateNumberOfMessages)
    return count > 0 ? [`${count} batches were given up on, and lie in ${QueueName}`] : []
  } catch (error) {
    return [`whether batches were given up on is unknown: ${QueueName} can't be read (${lineOf(error)})`]
  }
}

/** An object stands under the hour of its oldest change, which the stream may have kept for a day. */
const hoursBefore = 25
const atOnce = 16

/** All that the archive holds of what happened from an instant on, and some before. Throws a Refusal when a line isn't one. */
export async function readArchiveSince(bucket: string, since: number): Promise<Archive> {
  const client = new S3Client()
  const from = new Date(since - hoursBefore * 3_600_000).toISOString().slice(0, 13).replaceAll(/[-T]/g, "/")
  const found: string[] = []
  try {
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, StartAfter: from }))
      found.push(...Contents.map(({ Key = "" }) => Key))
  } catch (error) {
    throw new Refusal(`the audit archive ${bucket} can't be read: ${lineOf(error)}`)
  }
  say(`reading ${found.length} objects of ${bucket}, from ${from} on`)
  const objects: [string, string][] = []
  for (let start = 0; start < found.length; start += atOnce)
    objects.push(
      ...(await Promise.all(
        found.slice(start, start + atOnce).map(async (Key): Promise<[string, string]> => {
          const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }))
          return [Key, (await Body?.transformToString()) ?? ""]
        }),
      )),
    )
  try {
    return readArchive(objects)
  } catch (error) {
    throw new Refusal(
      `${lineOf(error)}. Nothing was written: restore that object's version that was, or ask who changed it`,
    )
  }
}
