import { type CfnElement, CustomResource, Duration, Stack } from "aws-cdk-lib"
import { FilterPattern, LogGroup, SubscriptionFilter } from "aws-cdk-lib/aws-logs"
import { LambdaDestination } from "aws-cdk-lib/aws-logs-destinations"
import { Schedule, ScheduleExpression } from "aws-cdk-lib/aws-scheduler"
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets"
import { Construct } from "constructs"
import { isGuardedByIam, type JobSource, jobRows } from "../shared/contract/jobs.ts"
import { acknowledge } from "./acknowledge.ts"
import { DeadLetterQueue } from "./dead-letter-queue.ts"
import { ServiceFunction } from "./function.ts"
import { names } from "./names.ts"
import type { Stage } from "./stage.ts"

/** For each row of the job table a Lambda, its grants, its source and, where that is asynchronous, a dead-letter queue. */
export class Jobs extends Construct {
  /** By the job's key. */

  constructor(scope: Construct, id: string, stageName: string, stage: Stage) {
    super(scope, id)
    for (const [key, row] of jobRows) {
      const deadLetterQueue = isGuardedByIam(row.source)
        ? undefined
        : new DeadLetterQueue(this, `${key}-undone`, stageName, key)
      const handler = new ServiceFunction(this, key, {
        stageName,
        stage,
        key: `jobs/${key}`,
        memory: 256,
        timeoutSeconds: row.timeoutSeconds,
        table: row.table,
        secrets: row.secrets,
        environment: {
          SERVICE_EMAIL: stage.serviceEmail,
          ...(stage.adminTokenHours !== undefined && { ADMIN_TOKEN_HOURS: String(stage.adminTokenHours) }),
        },
        ...(deadLetterQueue && { deadLetterQueue }),
      })
      if (row.source === "deployment") this.firstAdmin(handler, stage.adminEmail)
      this.connect(key, row.source, handler, stageName, deadLetterQueue)
    }
  }

  private connect(
    key: string,
    source: JobSource,
    handler: ServiceFunction,
    stageName: string,
    undone?: DeadLetterQueue,
  ): void {
    if (isGuardedByIam(source)) return
    if ("authorizerLog" in source)
      new SubscriptionFilter(this, `${key}-lines`, {
        // Named, since CloudWatch counts what it can't deliver by this name.
        filterName: key,
        logGroup: LogGroup.fromLogGroupName(this, `${key}-log`, names(stageName).logGroup("authorizer")),
        destination: new LambdaDestination(handler),
        filterPattern: FilterPattern.literal(JSON.stringify(source.authorizerLog)),
      })
    else {
      const stack = Stack.of(this)
      const versions = `<${stack.getLogicalId(handler.node.defaultChild as CfnElement)}.Arn>:*`
      acknowledge(stack, {
        [`AwsSolutions-IAM5[Resource::${versions}]`]:
          "The schedule's own role may invoke this function in any version of it.",
      })
      new Schedule(this, `${key}-schedule`, {
        schedule: ScheduleExpression.rate(Duration.minutes(source.everyMinutes)),
        target: new LambdaInvoke(handler, { ...(undone && { deadLetterQueue: undone }) }),
      })
    }
  }

  /** No dead-letter queue: a deployment that gets no answer fails, which nobody overlooks. */
  private firstAdmin(handler: ServiceFunction, email: string): void {
    new CustomResource(this, "FirstAdmin", {
      resourceType: "Custom::FirstAdmin",
      serviceToken: handler.functionArn,
      serviceTimeout: Duration.minutes(5),
      properties: { email },
    })
  }
}
