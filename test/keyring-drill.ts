import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { authorizer } from "../functions/authorize.ts"
import { awsRequest } from "../functions/aws-request.ts"
import { secretCache } from "../shared/secret-cache.ts"
import { operator, system } from "../shared/store/audit.ts"
import type { Table } from "../shared/store/dynamodb.ts"
import { tokenRowsOf } from "../shared/store/key-use.ts"
import type { KeyringSecret, Operation } from "../shared/store/keyring-rotation.ts"
import { coalesce, recordUsage } from "../shared/store/usage.ts"
import { parseKeyring } from "../shared/token/keyring.ts"
import { type Clock, fakeRuntime } from "./fakes.ts"
import { credentials, type TestTable } from "./tables.ts"

/** A secret with versions, of which only the prepared ones can become current, and only in the place of the current one. */
export function aSecret(text = JSON.stringify({ mintFrom: {}, k1: "a".repeat(64) })) {
  const versions = [text]
  let current = 0
  const secret: KeyringSecret & { text: () => string; keys: () => string[] } = {
    text: () => versions[current] as string,
    keys: () => [...parseKeyring(versions[current] as string).keys.keys()],
    read: async () => ({ version: String(current), text: versions[current] as string }),
    prepare: async (next) => String(versions.push(next) - 1),
    makeCurrent: async (version, from) => {
      if (from !== String(current)) return false
      current = Number(version)
      return true
    },
  }
  return secret
}

/** A stage's functions and its operator, on one table and one clock. */
export function aStage(table: TestTable, clock: Clock, secret = aSecret()) {
  const randomBytes = (size: number) => crypto.getRandomValues(new Uint8Array(size))
  const keyring = async () => parseKeyring(secret.text())
  const endpoint = (on: Table = table.table) => ({
    ...fakeRuntime(on, clock),
    randomBytes,
    // As each execution environment keeps it, for ten minutes.
    keyring: secretCache(keyring, clock.now).get,
  })
  const operation = (on: Table = table.table, with_: KeyringSecret = secret): Operation => ({
    runtime: { ...fakeRuntime(on, clock), randomBytes },
    actor: operator("arn:aws:iam::000000000000:user/ops", "keyring"),
    secret: with_,
    rows: tokenRowsOf(table.client, table.name),
    onProgress: () => {},
  })
  return { secret, endpoint, operation, environment: () => anAuthorizer(table, clock, keyring) }
}

/** An execution environment of the authorizer: its cached keyring, and the lines that it has logged. */
function anAuthorizer(table: TestTable, clock: Clock, keyring: () => Promise<ReturnType<typeof parseKeyring>>) {
  const env = {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
  }
  let lines: string[] = []
  const authorize = authorizer({
    now: clock.now,
    tableName: table.name,
    stage: "test",
    dynamodb: awsRequest("dynamodb", env),
    secrets: secretCache(async () => ({ keyring: await keyring(), edge: "edge" }), clock.now),
    write: (line) => void lines.push(JSON.stringify(line)),
  })
  return {
    /** "Allow", or the code of the refusal; "503" for what comes to no verdict. */
    verify: async (bearerToken: string): Promise<string> => {
      const event = {
        methodArn: "arn:aws:execute-api:us-east-1:1:api/api/GET/x",
        multiValueHeaders: { Authorization: [`Bearer ${bearerToken}`] },
        requestContext: { identity: { sourceIp: "203.0.113.7" } },
      } as unknown as APIGatewayRequestAuthorizerEvent
      try {
        const { policyDocument, context } = await authorize(event)
        const [statement] = policyDocument.Statement
        return statement?.Effect === "Allow" ? "Allow" : String(context?.code)
      } catch {
        return "503"
      }
    },
    /** What its log hands to record-usage, since the last time. */
    record: async (on: Table = table.table): Promise<void> => {
      const delivered = lines
      lines = []
      await recordUsage(fakeRuntime(on, clock), system("record-usage", "r"), coalesce(delivered))
    },
  }
}
