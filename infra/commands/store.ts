import { randomBytes } from "node:crypto"
import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb"
import type { Runtime } from "../../shared/runtime.ts"
import { createTable } from "../../shared/store/dynamodb.ts"

/** The store on a table, for an operator's command; of the rest of a Runtime, which none needs, nothing. */
export function storeOn(tableName: string): { runtime: Runtime; documents: DynamoDBDocumentClient } {
  const unneeded = () => Promise.reject(new Error("an operator's command needs no secret of a Lambda's"))
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient(), {
    marshallOptions: { removeUndefinedValues: true },
  })
  const runtime: Runtime = {
    now: Date.now,
    randomBytes,
    table: createTable(documents, tableName),
    keyring: unneeded,
    cursorKey: unneeded,
    edgeSecret: unneeded,
    stage: { name: "", serviceEmail: "", adminTokenHours: undefined },
    log: () => {},
  }
  return { runtime, documents }
}
