import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb"
import { indexes, tableKeys, ttlAttribute } from "../../shared/store/table.ts"
import { lineOf, Refusal } from "./command.ts"

/** Refuses a table that isn't there, isn't ready, or isn't one of ours by its keys. */
export async function checkRestored(tableName: string): Promise<void> {
  const table = await describe(new DynamoDBClient(), tableName)
  if (table.TableStatus !== "ACTIVE") throw new Refusal(`${tableName} is ${table.TableStatus}: wait until it is ACTIVE`)
  const keys = table.KeySchema?.map(({ AttributeName }) => AttributeName)
  const named = new Set(table.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName))
  if (
    keys?.join() !== `${tableKeys.partition},${tableKeys.sort}` ||
    !Object.keys(indexes).every((name) => named.has(name))
  )
    throw new Refusal(`${tableName} is not a table of ours: it has other keys or indexes`)
}

/** What a restore leaves out: stream, TTL, recovery, protection. Answers the stream's ARN. What is there already, stays. */
export async function makeReady(TableName: string): Promise<string> {
  const client = new DynamoDBClient()
  const { LatestStreamArn, StreamSpecification, DeletionProtectionEnabled } = await describe(client, TableName)
  if (!StreamSpecification?.StreamEnabled || !DeletionProtectionEnabled)
    await client.send(
      new UpdateTableCommand({
        TableName,
        DeletionProtectionEnabled: true,
        ...(!StreamSpecification?.StreamEnabled && {
          StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
        }),
      }),
    )
  await waitUntilTableExists({ client, maxWaitTime: 300, minDelay: 1 }, { TableName })
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }))
  if (TimeToLiveDescription?.TimeToLiveStatus === "DISABLED")
    await client.send(
      new UpdateTimeToLiveCommand({
        TableName,
        TimeToLiveSpecification: { Enabled: true, AttributeName: ttlAttribute },
      }),
    )
  await client.send(
    new UpdateContinuousBackupsCommand({
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    }),
  )
  return LatestStreamArn ?? (await describe(client, TableName)).LatestStreamArn ?? ""
}

async function describe(client: DynamoDBClient, TableName: string): Promise<TableDescription> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName }))).Table ?? {}
  } catch (error) {
    throw new Refusal(`there is no table ${TableName} here: ${lineOf(error)}`)
  }
}
