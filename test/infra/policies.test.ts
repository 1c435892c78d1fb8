import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, inject, it } from "vitest"
import { matches } from "../../infra/local/policy.ts"
import { root } from "./node.ts"
import { flat, type Properties, type Resource, Templates } from "./templates.ts"

/** The policies that docs/deploy.md hands out: for the role that deploys, and for CloudFormation. */
const resources: Resource[] = Object.values(inject("assemblies")).flatMap((assembly) =>
  new Templates(assembly).stacks.flatMap((stack) => stack.resources),
)

const statementsIn = (name: string): Properties[] =>
  JSON.parse(readFileSync(`${root}docs/policies/${name}.json`, "utf8")).Statement
/** Three, since one has no room for all; CloudFormation has what each of them allows. */
const executionPolicies = [
  "cloudformation-execution",
  "cloudformation-execution-sign-in",
  "cloudformation-execution-console",
]
const execution = executionPolicies.flatMap(statementsIn)
const actionsOf = ({ Action }: Properties): string[] => [Action].flat()
const resourcesOf = ({ Resource }: Properties): string[] => [Resource].flat()

const allows = (action: string, arn: string): boolean =>
  execution.some(
    (statement) =>
      actionsOf(statement).some((one) => matches(one, action)) &&
      resourcesOf(statement).some((one) => matches(one, arn)),
  )

/** Why a statement is about every resource there is. */
const everywhere: Record<string, string> = {
  "secretsmanager:GetRandomPassword": "makes a password, and touches no secret",
  "logs:DescribeLogGroups": "lists, and takes no log group",
  "ssm:DescribeParameters": "lists, and takes no parameter",
  "cloudformation:DescribeStacks": "which stacks there are is what is asked",
  "cloudtrail:DescribeTrails": "takes no trail",
  "cloudtrail:GetTrailStatus": "of trails of other accounts too, such as an organisation's",
  "cloudtrail:GetEventSelectors": "of trails of other accounts too, such as an organisation's",
  "cognito-idp:CreateUserPool": "makes one, and only with the tag of a stage",
  "cognito-idp:DescribeUserPoolDomain": "takes no resource",
  "ses:GetAccount": "takes no resource",
  "ses:GetEmailIdentity": "of whatever address the stage names",
}

describe.each([...executionPolicies, "deploying-role"])("C1 %s", (name) => {
  const statements = statementsIn(name)

  it("allows, each statement under a name of its own, and allows no action of every service, or all of one", () => {
    for (const statement of statements) {
      expect(Object.keys(statement).filter((key) => key !== "Condition")).toEqual([
        "Sid",
        "Effect",
        "Action",
        "Resource",
      ])
      expect(statement.Effect).toBe("Allow")
      for (const action of actionsOf(statement)) expect(action).toMatch(/^[a-z0-9-]+:[A-Z][A-Za-z]+\*?(Attributes)?$/)
    }
    expect(new Set(statements.map(({ Sid }) => Sid)).size).toBe(statements.length)
  })

  it("is about what is Symbolon's, and about every resource only with a reason", () => {
    const wide = statements.filter((statement) => resourcesOf(statement).includes("*")).flatMap(actionsOf)
    expect(wide.filter((action) => !(action in everywhere))).toEqual([])
    const ours = /symbolon[-/.]|cdk-hnb659fds-|cdk-bootstrap\/hnb659fds/
    // What has no name of ours in its ARN: APIs, user pools and what CloudFront has have random ids, a layer CDK's, and the account has one setting and one key of each service.
    const nameless = [
      "apigateway:*::/",
      "lambda:*:*:event-source-mapping:*",
      "kms:*:*:key/*",
      "wafv2:*:*:regional/managedruleset/*",
      "cognito-idp:*:*:userpool/*",
      "cloudfront::*:*",
      "lambda:*:*:layer:*",
    ]
    for (const arn of statements.flatMap(resourcesOf).filter((one) => one !== "*" && !ours.test(one)))
      expect([arn, nameless.some((part) => arn.startsWith(`arn:aws:${part}`))]).toEqual([arn, true])
  })

  it("fits into a managed policy: 6,144 characters, white space apart", () => {
    const text = readFileSync(`${root}docs/policies/${name}.json`, "utf8")
    expect(text.replaceAll(/\s/g, "").length).toBeLessThanOrEqual(6144)
  })
})

it("are the files that are handed out, and docs/deploy.md bootstraps with those of CloudFormation", () => {
  const files = readdirSync(`${root}docs/policies`).map((file) => file.replace(".json", ""))
  expect(files.sort()).toEqual([...executionPolicies, "deploying-role"].sort())
  const text = readFileSync(`${root}docs/deploy.md`, "utf8")
  const [, names = ""] = /for name in ([a-z -]+); do\n\s+aws iam create-policy/.exec(text) ?? []
  expect(names.split(" ")).toEqual(executionPolicies)
  const bootstrap = /--cloudformation-execution-policies[\s\\]+(\S+)/.exec(text)?.[1]?.split(",")
  expect(bootstrap).toEqual(executionPolicies.map((name) => `arn:aws:iam::$ACCOUNT:policy/symbolon-${name}`))
})

it("gives no reason for what isn't there", () => {
  const wide = [...execution, ...statementsIn("deploying-role")].filter((one) => resourcesOf(one).includes("*"))
  expect(wide.flatMap(actionsOf).sort()).toEqual(Object.keys(everywhere).sort())
})

describe("C1 CloudFormation", () => {
  it("may work on the service of each resource type, in every stage", () => {
    const services = new Set(execution.flatMap(actionsOf).map((action) => action.split(":")[0]))
    const types = [...new Set(resources.map(({ Type }) => Type))].filter((type) => !type.startsWith("Custom::"))
    expect(types.length).toBeGreaterThan(10)
    // IAM's name of a service is CloudFormation's in lower case, for all that we have but one.
    const nameOf = (type: string) => (type.split("::")[1] ?? "").toLowerCase().replace(/^cognito$/, "cognito-idp")
    const unknown = types.filter((type) => !services.has(nameOf(type)))
    expect(unknown).toEqual([])
  })

  it("may make each of them under the name that it will have", () => {
    const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:000000000000:${rest}`
    // CloudFormation names what has no name after its stack.
    const named = ({ stack, id }: Resource, name?: string) => name ?? `${stack}-${id}-1A2B3C`
    const made: Record<string, (one: Resource) => [action: string, arn: string]> = {
      "AWS::DynamoDB::GlobalTable": ({ Properties: { TableName } }) => [
        "dynamodb:CreateTable",
        arn("dynamodb", `table/${TableName}`),
      ],
      "AWS::SecretsManager::Secret": ({ Properties: { Name } }) => [
        "secretsmanager:CreateSecret",
        arn("secretsmanager", `secret:${Name}-a1b2c3`),
      ],
      "AWS::S3::Bucket": ({ Properties: { BucketName } }) => [
        "s3:PutBucketPublicAccessBlock",
        `arn:aws:s3:::${flat(BucketName).replace("<AWS::AccountId>", "000000000000")}`,
      ],
      "AWS::S3::BucketPolicy": () => ["s3:PutBucketPolicy", "arn:aws:s3:::symbolon-dev-audit-000000000000-us-east-1"],
      "AWS::Lambda::EventSourceMapping": () => [
        "lambda:CreateEventSourceMapping",
        arn("lambda", "event-source-mapping:0d4c1a3e-0000-4000-8000-000000000000"),
      ],
      "AWS::Lambda::Function": (one) => [
        "lambda:CreateFunction",
        arn("lambda", `function:${named(one, one.Properties.FunctionName)}`),
      ],
      "AWS::Lambda::LayerVersion": ({ id }) => ["lambda:PublishLayerVersion", arn("lambda", `layer:${id}`)],
      ...Object.fromEntries(
        ["Distribution", "Function", "CachePolicy", "ResponseHeadersPolicy", "OriginAccessControl"].map((type) => [
          `AWS::CloudFront::${type}`,
          () => [`cloudfront:Create${type}`, "arn:aws:cloudfront::000000000000:any/E1A2B3C4D5"] as [string, string],
        ]),
      ),
      "AWS::Logs::LogGroup": ({ Properties: { LogGroupName } }) => [
        "logs:CreateLogGroup",
        arn("logs", `log-group:${LogGroupName}`),
      ],
      "AWS::SSM::Parameter": ({ Properties: { Name } }) => ["ssm:PutParameter", arn("ssm", `parameter${Name}`)],
      "AWS::WAFv2::WebACL": ({ Properties: { Name } }) => [
        "wafv2:CreateWebACL",
        arn("wafv2", `regional/webacl/${Name}/id`),
      ],
      "AWS::SQS::Queue": (one) => ["sqs:CreateQueue", arn("sqs", named(one, one.Properties.QueueName))],
      "AWS::SNS::Topic": (one) => ["sns:CreateTopic", arn("sns", named(one, one.Properties.TopicName))],
      "AWS::Events::Rule": (one) => {
        const { EventBusName, Name } = one.Properties
        return ["events:PutRule", arn("events", `rule/${EventBusName ? `${EventBusName}/` : ""}${named(one, Name)}`)]
      },
      "AWS::Events::EventBus": ({ Properties: { Name } }) => [
        "events:CreateEventBus",
        arn("events", `event-bus/${Name}`),
      ],
      "AWS::CloudWatch::Alarm": (one) => [
        "cloudwatch:PutMetricAlarm",
        arn("cloudwatch", `alarm:${named(one, one.Properties.AlarmName)}`),
      ],
      "AWS::CloudWatch::Dashboard": (one) => [
        "cloudwatch:PutDashboard",
        `arn:aws:cloudwatch::000000000000:dashboard/${named(one, one.Properties.DashboardName)}`,
      ],
      "AWS::Scheduler::Schedule": (one) => [
        "scheduler:CreateSchedule",
        arn("scheduler", `schedule/default/${named(one, one.Properties.Name)}`),
      ],
      ...Object.fromEntries(
        ["UserPool", "UserPoolClient", "UserPoolDomain"].map((type) => [
          `AWS::Cognito::${type}`,
          () => [`cognito-idp:Create${type}`, arn("cognito-idp", "userpool/us-east-1_a1B2c3D4e")] as [string, string],
        ]),
      ),
      "AWS::IAM::Role": (one) => ["iam:CreateRole", `arn:aws:iam::000000000000:role/${named(one)}`],
      // A custom resource is made by invoking its Lambda.
      "Custom::CDKBucketDeployment": ({ stack }) => [
        "lambda:InvokeFunction",
        arn("lambda", `function:${stack}-CustomCDKBucketDeployment8693BB-1A2B3C`),
      ],
      "Custom::FirstAdmin": ({ stack }) => [
        "lambda:InvokeFunction",
        arn("lambda", `function:${stack}-create-first-admin`),
      ],
    }
    const makings = resources.flatMap((one) => {
      const making = made[one.Type]?.(one)
      return making ? [making] : []
    })
    expect(makings.length).toBeGreaterThan(100)
    expect(makings.filter((one) => !allows(...one))).toEqual([])
  })

  it("works on user pools by the tag of a stage, which ours have, and neither deletes one nor touches who is in it", () => {
    const pools = resources.filter(({ Type }) => Type === "AWS::Cognito::UserPool")
    expect(pools.map(({ Properties }) => Object.keys(Properties.UserPoolTags))).toEqual([
      ["symbolon:stage"],
      ["symbolon:stage"],
    ])
    const onPools = statementsIn("cloudformation-execution-sign-in").filter(({ Sid }) => Sid !== "WithoutResource")
    expect(onPools.map(({ Condition }) => Object.keys(Condition.StringLike)[0])).toEqual([
      "aws:RequestTag/symbolon:stage",
      "aws:ResourceTag/symbolon:stage",
    ])
    const pool = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_a1B2c3D4e"
    for (const action of [
      "DeleteUserPool",
      "AdminCreateUser",
      "AdminSetUserPassword",
      "AdminInitiateAuth",
      "ListUsers",
    ])
      expect([action, allows(`cognito-idp:${action}`, pool)]).toEqual([action, false])
  })

  it("can neither read a secret, nor an item, nor delete the table or a secret, nor pass a role to anything else", () => {
    const table = "arn:aws:dynamodb:us-east-1:000000000000:table/symbolon-prod"
    const secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:symbolon-prod-keyring-a1b2c3"
    for (const action of ["GetItem", "Query", "Scan", "PutItem", "DeleteTable", "ExportTableToPointInTime"])
      expect([action, allows(`dynamodb:${action}`, table)]).toEqual([action, false])
    for (const action of ["GetSecretValue", "BatchGetSecretValue", "PutSecretValue", "DeleteSecret"])
      expect([action, allows(`secretsmanager:${action}`, secret)]).toEqual([action, false])
    // What proves our CDN is in the CDN's configuration, which CloudFormation writes.
    const read = "secretsmanager:GetSecretValue"
    expect(allows(read, secret.replace("keyring", "edge"))).toBe(true)
    expect(allows(read, secret.replace("keyring", "cursor"))).toBe(false)
    const key = "issue-admin-token"
    expect(allows("lambda:InvokeFunction", `arn:aws:lambda:us-east-1:0:function:symbolon-prod-jobs-${key}`)).toBe(false)
    const passes = execution.filter((one) => actionsOf(one).includes("iam:PassRole"))
    const services = new Set(
      resources
        .filter(({ Type }) => Type === "AWS::IAM::Role")
        .map(({ Properties }) => Properties.AssumeRolePolicyDocument.Statement[0].Principal.Service),
    )
    expect(passes.map(({ Condition }) => Condition.StringEquals["iam:PassedToService"].sort())).toEqual([
      [...services].sort(),
    ])
  })
})
