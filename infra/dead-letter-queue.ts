import { Duration } from "aws-cdk-lib"
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs"
import type { Construct } from "constructs"
import { names } from "./names.ts"

/** Keeps what an asynchronous path has given up on, for two weeks. Each has an alarm: infra/alarms.ts. */
export class DeadLetterQueue extends Queue {
  /** `path`: whose alarm is `<path>-undone`. */
  constructor(scope: Construct, id: string, stageName: string, path: string) {
    super(scope, id, {
      queueName: names(stageName).deadLetterQueue(path),
      enforceSSL: true,
      encryption: QueueEncryption.SQS_MANAGED,
      retentionPeriod: Duration.days(14),
    })
  }
}
