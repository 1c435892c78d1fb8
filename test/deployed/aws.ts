import { randomUUID } from "node:crypto"
import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStacksCommand,
  waitUntilStackDeleteComplete,
} from "@aws-sdk/client-cloudformation"
import {
  CloudWatchLogsClient,
  paginateDescribeLogGroups,
  paginateFilterLogEvents,
} from "@aws-sdk/client-cloudwatch-logs"
import { DynamoDBClient, RestoreTableToPointInTimeCommand, waitUntilTableExists } from "@aws-sdk/client-dynamodb"
import {
  DeleteRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from "@aws-sdk/client-eventbridge"
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda"
import { GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3"
import {
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
  type UpdateScheduleInput,
} from "@aws-sdk/client-scheduler"
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager"
import { SNSClient, SubscribeCommand, UnsubscribeCommand } from "@aws-sdk/client-sns"
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs"

/** A queue that a test has hung on something of the stage. */
export interface Listening {
  /** What has come since the last time, as it came; waits a second for the first. */
  received: () => Promise<string[]>
  stop: () => Promise<void>
}

/** What the deployed tests ask of the emulator beside the API: a few calls, as an operator would make them. */
export function awsAt(endpoint: string) {
  const at = { endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } }
  const [lambda, logs] = [new LambdaClient(at), new CloudWatchLogsClient(at)]
  const [secrets, cloudFormation] = [new SecretsManagerClient(at), new CloudFormationClient(at)]
  const [scheduler, s3, dynamodb] = [new SchedulerClient(at), new S3Client(at), new DynamoDBClient(at)]
  const [eventBridge, sns, sqs] = [new EventBridgeClient(at), new SNSClient(at), new SQSClient(at)]
  const queue = async (QueueName: string) => {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }))
    const attributes = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] })
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 })
    return {
      arn: (await sqs.send(attributes)).Attributes?.QueueArn ?? "",
      // Not deleted there: the queue is gone before they would come again.
      received: async () => ((await sqs.send(receive)).Messages ?? []).map(({ Body = "" }) => Body),
      remove: () => sqs.send(new DeleteQueueCommand({ QueueUrl })),
    }
  }
  return {
    /** Answers what the function answered; throws what it threw. */
    invoke: async (FunctionName: string, event: object): Promise<unknown> => {
      const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }))
      const value = JSON.parse(answer.Payload?.transformToString() || "null")
      if (answer.FunctionError) throw new Error(value.errorMessage)
      return value
    },
    secret: async (SecretId: string): Promise<string> =>
      (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? "",
    /** Every line in every log group below a name, from an instant on: the emulator answers ten thousand at most. */
    lines: async (logGroupNamePrefix: string, startTime = 0): Promise<string> => {
      const found: string[] = []
      for await (const { logGroups = [] } of paginateDescribeLogGroups({ client: logs }, { logGroupNamePrefix }))
        for (const { logGroupName } of logGroups)
          for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, { logGroupName, startTime }))
            found.push(...events.map(({ message = "" }) => message))
      return found.join("\n")
    },
    /** All that a bucket holds, as one text. */
    objects: async (Bucket: string): Promise<string> => {
      const texts: string[] = []
      for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket }))
        for (const { Key } of Contents)
          texts.push((await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()) ?? "")
      return texts.join("")
    },
    restoreTable: async (SourceTableName: string, TargetTableName: string): Promise<void> => {
      const restore = { SourceTableName, TargetTableName, UseLatestRestorableTime: true }
      await dynamodb.send(new RestoreTableToPointInTimeCommand(restore))
      await waitUntilTableExists({ client: dynamodb, maxWaitTime: 60, minDelay: 1 }, { TableName: TargetTableName })
    },
    output: async (StackName: string, prefix: string): Promise<string> => {
      const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }))
      const found = Stacks?.[0]?.Outputs?.find(({ OutputKey }) => OutputKey?.startsWith(prefix))?.OutputValue
      if (!found) throw new Error(`${StackName} has no output ${prefix}`)
      return found
    },
    /** The schedule that invokes a function whose name matches, at another rate. */
    reschedule: async (name: RegExp, rate: string): Promise<void> => {
      const schedules = await scheduler.send(new ListSchedulesCommand({}))
      const found = schedules.Schedules?.find(({ Target }) => name.test(Target?.Arn ?? ""))
      const schedule = await scheduler.send(new GetScheduleCommand({ Name: found?.Name }))
      await scheduler.send(new UpdateScheduleCommand({ ...schedule, ScheduleExpression: rate } as UpdateScheduleInput))
    },
    /** As another team hears of a stage: by a rule of its own on the bus, to a queue of its own. */
    listenToBus: async (EventBusName: string, pattern: object): Promise<Listening> => {
      const [Name, Id] = [`listening-${randomUUID()}`, "queue"]
      const { arn: Arn, received, remove } = await queue(Name)
      await eventBridge.send(new PutRuleCommand({ Name, EventBusName, EventPattern: JSON.stringify(pattern) }))
      await eventBridge.send(new PutTargetsCommand({ Rule: Name, EventBusName, Targets: [{ Id, Arn }] }))
      const stop = async () => {
        await eventBridge.send(new RemoveTargetsCommand({ Rule: Name, EventBusName, Ids: [Id] }))
        await eventBridge.send(new DeleteRuleCommand({ Name, EventBusName }))
        await remove()
      }
      return { received, stop }
    },
    /** As the alarm address hears of a stage, without the mail around it. */
    listenToTopic: async (TopicArn: string): Promise<Listening> => {
      const { arn: Endpoint, received, remove } = await queue(`listening-${randomUUID()}`)
      const Attributes = { RawMessageDelivery: "true" }
      const subscribe = new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint, Attributes })
      const { SubscriptionArn } = await sns.send(subscribe)
      const stop = async () => {
        await sns.send(new UnsubscribeCommand({ SubscriptionArn }))
        await remove()
      }
      return { received, stop }
    },
    /** `cdk destroy` names a stack by its ARN, which the emulator ignores. */
    deleteStack: async (StackName: string): Promise<void> => {
      await cloudFormation.send(new DeleteStackCommand({ StackName }))
      await waitUntilStackDeleteComplete({ client: cloudFormation, maxWaitTime: 120, minDelay: 1 }, { StackName })
    },
  }
}
