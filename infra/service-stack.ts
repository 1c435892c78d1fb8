import { CfnOutput, Duration, Stack, type StackProps } from "aws-cdk-lib"
import { RequestAuthorizer } from "aws-cdk-lib/aws-apigateway"
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam"
import { LogGroup } from "aws-cdk-lib/aws-logs"
import { StringParameter } from "aws-cdk-lib/aws-ssm"
import type { Construct } from "constructs"
import { acknowledge } from "./acknowledge.ts"
import { Api } from "./api.ts"
import { ServiceFunction } from "./function.ts"
import { apiUrlOutput, names } from "./names.ts"
import type { Stage } from "./stage.ts"

/** The authorizer, and the API behind it. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage, props: StackProps) {
    super(scope, id, props)
    const handler = new ServiceFunction(this, "Authorizer", {
      stageName,
      stage,
      key: "authorizer",
      memory: 256,
      timeoutSeconds: 5,
      table: ["BatchGetItem"],
      leadingKeys: ["TOK#*", "ACC#*"],
      secrets: ["keyring", "edge"],
      logGroup: LogGroup.fromLogGroupName(this, "AuthorizerLog", names(stageName).logGroup("authorizer")),
    })
    handler.addToRolePolicy(new PolicyStatement({ actions: ["secretsmanager:BatchGetSecretValue"], resources: ["*"] }))
    const streams = `arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:${names(stageName).logGroup("authorizer")}:*`
    acknowledge(handler.role ?? handler, {
      [`AwsSolutions-IAM5[Resource::${streams}]`]: "The streams of its own log group, which Lambda names.",
      "AwsSolutions-IAM5[Resource::*]":
        "BatchGetSecretValue takes no resource; it returns only what GetSecretValue is granted on: two secrets.",
    })
    for (const sourceAccount of stage.authorizerAccounts)
      handler.addPermission(`ApisOf${sourceAccount}`, {
        principal: new ServicePrincipal("apigateway.amazonaws.com"),
        sourceAccount,
      })
    const authorizer = new RequestAuthorizer(this, "BearerAuthorizer", {
      handler,
      // No cached result: a revoked token is refused on the very next request.
      resultsCacheTtl: Duration.seconds(0),
      // No identity source: a missing header must reach the authorizer, which answers it like all the rest.
      identitySources: [],
    })
    const { restApiId, url } = new Api(this, "Api", stageName, stage, authorizer)
    new StringParameter(this, "ApiId", { parameterName: names(stageName).apiIdParameter, stringValue: restApiId })
    new CfnOutput(this, apiUrlOutput, { value: url })
  }
}
