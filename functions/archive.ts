import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3"

/** Writes an object of the audit archive. Each name is written once, or again with the same contents. */
export type WriteObject = (name: string, text: string) => Promise<void>

/** The archive of this stage: the bucket that the environment names, whose objects nobody can change or delete. */
export function archiveBucket(env: Record<string, string | undefined>): WriteObject {
  const client = new S3Client({ maxAttempts: 3 })
  return async (Key, Body) => {
    await client.send(
      new PutObjectCommand({ Bucket: env.AUDIT_BUCKET, Key, Body, ContentType: "application/x-ndjson" }),
    )
  }
}
