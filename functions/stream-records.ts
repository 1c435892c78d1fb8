import type { AttributeValue } from "@aws-sdk/client-dynamodb"
import { unmarshall } from "@aws-sdk/util-dynamodb"
import type { DynamoDBRecord } from "aws-lambda"
import type { RowChange } from "../shared/store/archive.ts"

/** What a record of the table's stream says happened to a row. */
export function changeOf({ eventName = "INSERT", dynamodb }: DynamoDBRecord): RowChange {
  const row = (image: unknown) => unmarshall(image as Record<string, AttributeValue>) as NonNullable<RowChange["after"]>
  return {
    change: eventName,
    ...(dynamodb?.OldImage && { before: row(dynamodb.OldImage) }),
    ...(dynamodb?.NewImage && { after: row(dynamodb.NewImage) }),
  }
}
