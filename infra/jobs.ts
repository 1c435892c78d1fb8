import { CustomResource, Duration } from "aws-cdk-lib"
import { Construct } from "constructs"
import { isGuardedByIam } from "../shared/contract/jobs.ts"
import { acknowledge } from "./acknowledge.ts"
import { DeadLetterQueue } from "./dead-letter-queue.ts"
import { ServiceFunction } from "./function.ts"
import { names } from "./names.ts"
import { connect } from "./sources.ts"
import type { Stage } from "./stage.ts"
import { jobsOf } from "./stage-jobs.ts"

/** For each row of the job table a Lambda, its grants, its source and, where that is asynchronous, a dead-letter queue. */
export class Jobs extends Construct {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage) {
    super(scope, id)
    for (const [key, row] of jobsOf(stage)) {
      const undone = isGuardedByIam(row.source) ? undefined : new DeadLetterQueue(this, `${key}-undone`, stageName, key)
      const handler = new ServiceFunction(this, key, {
        stageName,
        stage,
        key: `jobs/${key}`,
        memory: 256,
        timeoutSeconds: row.timeoutSeconds,
        table: row.table,
        secrets: row.secrets,
        sends: row.sends,
        environment: {
          SERVICE_EMAIL: stage.serviceEmail,
          // For what it can't do, and must not be stopped by.
          ...(undone && row.sends?.includes("bus") && { UNDONE_QUEUE: undone.queueUrl }),
          ...(stage.adminTokenHours !== undefined && { ADMIN_TOKEN_HOURS: String(stage.adminTokenHours) }),
        },
        ...(undone && { deadLetterQueue: undone }),
      })
      if (row.sends?.includes("archive")) acknowledgeObjects(handler, stageName)
      if (row.sends?.includes("mail") && stage.mailFrom)
        acknowledge(handler.role ?? handler, {
          "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:*]":
            "SES asks about recipients, in its sandbox, and about configuration sets too: the one sender is the condition.",
        })
      if (row.source === "deployment") this.firstAdmin(handler, stage)
      if (!isGuardedByIam(row.source) && undone)
        connect(this, { key, source: row.source, handler, undone, stageName, stage })
    }
    const awaiting = jobsOf(stage).filter(([, { source }]) => typeof source === "object" && "events" in source)
    // An event that no rule waits for reaches nobody, and the first administrator is to be invited by one.
    this.node
      .findChild("FirstAdmin")
      .node.addDependency(...awaiting.map(([key]) => this.node.findChild(`${key}-events`)))
  }

  /** No dead-letter queue: a deployment that gets no answer fails, which nobody overlooks. */
  private firstAdmin(handler: ServiceFunction, { adminEmail: email }: Stage): void {
    new CustomResource(this, "FirstAdmin", {
      resourceType: "Custom::FirstAdmin",
      serviceToken: handler.functionArn,
      serviceTimeout: Duration.minutes(5),
      properties: { email },
    })
  }
}

function acknowledgeObjects(handler: ServiceFunction, stageName: string): void {
  const objects = `arn:<AWS::Partition>:s3:::${names(stageName).auditBucket("<AWS::AccountId>", "<AWS::Region>")}/*`
  acknowledge(handler.role ?? handler, {
    [`AwsSolutions-IAM5[Resource::${objects}]`]:
      "It adds objects to the archive, under names that begin with their hour.",
  })
}
