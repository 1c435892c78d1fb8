import { type CfnElement, Duration, Stack } from "aws-cdk-lib"
import { EventBus, Rule } from "aws-cdk-lib/aws-events"
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets"
import { PolicyStatement } from "aws-cdk-lib/aws-iam"
import { EventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from "aws-cdk-lib/aws-lambda"
import { FilterPattern, LogGroup, SubscriptionFilter } from "aws-cdk-lib/aws-logs"
import { LambdaDestination } from "aws-cdk-lib/aws-logs-destinations"
import { Schedule, ScheduleExpression } from "aws-cdk-lib/aws-scheduler"
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets"
import { StringParameter } from "aws-cdk-lib/aws-ssm"
import type { Construct } from "constructs"
import type { EventType } from "../shared/contract/events.ts"
import type { JobKey, JobSource } from "../shared/contract/jobs.ts"
import { acknowledge } from "./acknowledge.ts"
import type { DeadLetterQueue } from "./dead-letter-queue.ts"
import type { ServiceFunction } from "./function.ts"
import { names } from "./names.ts"
import type { Stage } from "./stage.ts"

interface Connection {
  key: JobKey
  source: Exclude<JobSource, string>
  handler: ServiceFunction
  undone: DeadLetterQueue
  stageName: string
  stage: Stage
}

/** What starts a job by itself, and how it reaches the job's Lambda. */
export function connect(scope: Construct, connection: Connection): void {
  const { source } = connection
  if ("authorizerLog" in source) connectLog(scope, connection, source.authorizerLog)
  if ("tableStream" in source) connectStream(scope, connection, source.tableStream)
  if ("events" in source) connectEvents(scope, connection, source.events)
  if ("everyMinutes" in source) connectSchedule(scope, connection, source.everyMinutes)
}

function connectEvents(
  scope: Construct,
  { key, handler, undone, stageName }: Connection,
  types: readonly EventType[],
): void {
  new Rule(scope, `${key}-events`, {
    eventBus: EventBus.fromEventBusName(scope, `${key}-bus`, names(stageName).bus),
    eventPattern: { detailType: [...types] },
    targets: [new LambdaFunction(handler, { deadLetterQueue: undone })],
  })
}

function connectLog(scope: Construct, { key, handler, stageName }: Connection, term: string): void {
  new SubscriptionFilter(scope, `${key}-lines`, {
    // Named, since CloudWatch counts what it can't deliver by this name.
    filterName: key,
    logGroup: LogGroup.fromLogGroupName(scope, `${key}-log`, names(stageName).logGroup("authorizer")),
    destination: new LambdaDestination(handler),
    filterPattern: FilterPattern.literal(JSON.stringify(term)),
  })
}

function connectSchedule(scope: Construct, { key, handler, undone }: Connection, minutes: number): void {
  const stack = Stack.of(scope)
  const versions = `<${stack.getLogicalId(handler.node.defaultChild as CfnElement)}.Arn>:*`
  acknowledge(stack, {
    [`AwsSolutions-IAM5[Resource::${versions}]`]:
      "The schedule's own role may invoke this function in any version of it.",
  })
  new Schedule(scope, `${key}-schedule`, {
    schedule: ScheduleExpression.rate(Duration.minutes(minutes)),
    target: new LambdaInvoke(handler, { deadLetterQueue: undone }),
  })
}

/**
 * A batch that fails is delivered again until the stream forgets its records, a day after they were written: the alarm on
 * their age has rung long before. What is forgotten all the same is named in the dead-letter queue.
 */
function connectStream(scope: Construct, connection: Connection, prefixes: readonly string[]): void {
  const { key, handler, undone, stageName, stage } = connection
  const eventSourceArn =
    stage.restored?.streamArn ?? StringParameter.valueForStringParameter(scope, names(stageName).streamArnParameter)
  handler.addToRolePolicy(
    new PolicyStatement({
      actions: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
      resources: [eventSourceArn],
    }),
  )
  handler.addToRolePolicy(new PolicyStatement({ actions: ["dynamodb:ListStreams"], resources: ["*"] }))
  acknowledge(handler.role ?? handler, {
    "AwsSolutions-IAM5[Resource::*]": "ListStreams takes no resource, and tells the names of streams only.",
  })
  new EventSourceMapping(scope, `${key}-stream`, {
    target: handler,
    eventSourceArn,
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: 200,
    maxBatchingWindow: Duration.seconds(5),
    bisectBatchOnError: true,
    // Its Lambda may send there already; SqsDlq would grant more.
    onFailure: { bind: () => ({ destination: undone.queueArn }) },
    filters: [
      FilterCriteria.filter({
        dynamodb: { Keys: { PK: { S: prefixes.map((prefix) => FilterRule.beginsWith(prefix)[0]) } } },
      }),
    ],
  })
}
