import { join } from "node:path"
import { ArnFormat, Duration, RemovalPolicy, Stack } from "aws-cdk-lib"
import { Effect, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam"
import { Architecture, Code, Function as LambdaFunction, LoggingFormat, Runtime } from "aws-cdk-lib/aws-lambda"
import { type ILogGroup, LogGroup } from "aws-cdk-lib/aws-logs"
import type { IQueue } from "aws-cdk-lib/aws-sqs"
import type { Construct } from "constructs"
import type { TableAction } from "../shared/contract/endpoints.ts"
import type { Outlet } from "../shared/contract/jobs.ts"
import { names } from "./names.ts"
import { open } from "./outlets.ts"
import { type Stage, tableNameOf } from "./stage.ts"

export interface ServiceFunctionProps {
  stageName: string
  stage: Stage
  /** Of the endpoint or job table, or one of the two authorizers': where its bundle is, and its name. */
  key: string
  memory: number
  timeoutSeconds: number
  table: readonly TableAction[]
  /** Leading keys to which the table grant is narrowed; absent: all. */
  leadingKeys?: readonly string[]
  secrets: readonly ("keyring" | "cursor" | "edge")[]
  environment?: Record<string, string>
  sends?: readonly Outlet[] | undefined
  /** One of another stack; absent: a log group of its own. */
  logGroup?: ILogGroup
  deadLetterQueue?: IQueue
}

/** A Lambda with our defaults, and a role that may do what its row says and nothing else. */
export class ServiceFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    const { stageName, stage, key } = props
    const known = names(stageName)
    const logGroup =
      props.logGroup ??
      new LogGroup(scope, `${id}Log`, {
        logGroupName: known.logGroup(key),
        retention: stage.logRetention,
        removalPolicy: RemovalPolicy.DESTROY,
      })
    // A role of our own: the default one may write to every log group.
    const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") })
    logGroup.grantWrite(role)
    const outlets = (props.sends ?? []).map((outlet) => open(scope, outlet, stageName, stage))
    for (const statement of [...grants(Stack.of(scope), props), ...outlets.flatMap(({ statements }) => statements)])
      role.addToPolicy(statement)
    super(scope, id, {
      functionName: known.function(key),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: "index.handler",
      code: Code.fromAsset(join(import.meta.dirname, "../dist/functions", key)),
      memorySize: props.memory,
      timeout: Duration.seconds(props.timeoutSeconds),
      role,
      logGroup,
      loggingFormat: LoggingFormat.TEXT,
      environment: {
        STAGE: stageName,
        TABLE_NAME: tableNameOf(stageName, stage),
        ...Object.fromEntries(props.secrets.map((secret) => [`${secret.toUpperCase()}_SECRET`, known[secret]])),
        ...Object.assign({}, ...outlets.map(({ environment }) => environment)),
        ...props.environment,
      },
      ...(props.deadLetterQueue && { deadLetterQueue: props.deadLetterQueue }),
    })
  }
}

const changing = ["UpdateItem", "DeleteItem"]

function grants(stack: Stack, props: ServiceFunctionProps): PolicyStatement[] {
  const { stageName, stage, table, leadingKeys, secrets } = props
  const known = names(stageName)
  const tableArn = stack.formatArn({
    service: "dynamodb",
    resource: "table",
    resourceName: tableNameOf(stageName, stage),
  })
  const onTable = table.filter((action) => !/[@#]/.test(action)).map((action) => `dynamodb:${action}`)
  const onRows = table.filter((action) => action.includes("#")).map((action) => action.split("#") as [string, string])
  const onIndexes = table
    .filter((action) => action.includes("@"))
    .map((action) => action.split("@") as [string, string])
  const secretArn = (name: string) =>
    // Secrets Manager appends six random characters to an ARN.
    stack.formatArn({
      service: "secretsmanager",
      resource: "secret",
      resourceName: `${name}-??????`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    })
  return [
    // A row may need nothing of the table itself, and IAM knows no statement without an action.
    ...(onTable.length > 0
      ? [
          new PolicyStatement({
            actions: onTable,
            resources: [tableArn],
            ...(leadingKeys && { conditions: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": leadingKeys } } }),
          }),
        ]
      : []),
    ...onRows.map(
      ([action, kind]) =>
        new PolicyStatement({
          actions: [`dynamodb:${action}`],
          resources: [tableArn],
          conditions: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [`${kind}#*`] } },
        }),
    ),
    ...onIndexes.map(
      ([action, index]) =>
        new PolicyStatement({ actions: [`dynamodb:${action}`], resources: [`${tableArn}/index/${index}`] }),
    ),
    // The audit trail is append-only: who may change rows may not change, or delete, an event.
    ...(table.some((action) => changing.includes(action))
      ? [
          new PolicyStatement({
            effect: Effect.DENY,
            actions: [
              "UpdateItem",
              "DeleteItem",
              "BatchWriteItem",
              "PartiQLUpdate",
              "PartiQLDelete",
              "PartiQLInsert",
            ].map((action) => `dynamodb:${action}`),
            resources: [tableArn],
            conditions: { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": ["AUD#*"] } },
          }),
        ]
      : []),
    ...(secrets.length > 0
      ? [
          new PolicyStatement({
            actions: ["secretsmanager:GetSecretValue"],
            resources: secrets.map((secret) => secretArn(known[secret])),
          }),
        ]
      : []),
  ]
}
