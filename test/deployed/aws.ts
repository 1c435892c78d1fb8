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

/** What the deployed tests ask of the emulator beside the API: a few calls, as an operator would make them. */
export function awsAt(endpoint: string) {
  const at = { endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } }
  const [lambda, logs] = [new LambdaClient(at), new CloudWatchLogsClient(at)]
  const [secrets, cloudFormation] = [new SecretsManagerClient(at), new CloudFormationClient(at)]
  const [scheduler, s3, dynamodb] = [new SchedulerClient(at), new S3Client(at), new DynamoDBClient(at)]
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
    /** `cdk destroy` names a stack by its ARN, which the emulator ignores. */
    deleteStack: async (StackName: string): Promise<void> => {
      await cloudFormation.send(new DeleteStackCommand({ StackName }))
      await waitUntilStackDeleteComplete({ client: cloudFormation, maxWaitTime: 120, minDelay: 1 }, { StackName })
    },
  }
}
