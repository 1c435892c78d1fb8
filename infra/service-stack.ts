import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib"
import { RequestAuthorizer } from "aws-cdk-lib/aws-apigateway"
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam"
import { LogGroup } from "aws-cdk-lib/aws-logs"
import { StringParameter } from "aws-cdk-lib/aws-ssm"
import type { Construct } from "constructs"
import { acknowledge } from "./acknowledge.ts"
import { Api } from "./api.ts"
import { ServiceFunction } from "./function.ts"
import { type AuthorizerKey, apiUrlOutput, names } from "./names.ts"
import type { Stage } from "./stage.ts"
import { everyRequest } from "./token-authorizer.ts"

/** The authorizer, also in the form that HTTP APIs of other teams ask, and our own API behind it. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage, props: StackProps) {
    super(scope, id, props)
    const handler = this.authorizer("Authorizer", "authorizer", stageName, stage)
    this.authorizer("HttpAuthorizer", "http-authorizer", stageName, stage)
    const authorizer = new RequestAuthorizer(this, "BearerAuthorizer", { handler, ...everyRequest })
    const { restApiId, url } = new Api(this, "Api", stageName, stage, authorizer)
    new StringParameter(this, "ApiId", { parameterName: names(stageName).apiIdParameter, stringValue: restApiId })
    new CfnOutput(this, apiUrlOutput, { value: url })
  }

  /** A Lambda that holds the verdict, its ARN where other teams find it, and who of other accounts may call it. */
  private authorizer(id: string, key: AuthorizerKey, stageName: string, stage: Stage): ServiceFunction {
    const known = names(stageName)
    const logGroupName = known.logGroup("authorizer")
    const handler = new ServiceFunction(this, id, {
      stageName,
      stage,
      key,
      memory: 256,
      timeoutSeconds: 5,
      table: ["BatchGetItem"],
      leadingKeys: ["TOK#*", "ACC#*"],
      secrets: ["keyring", "edge"],
      // One for both, so that uses are recorded alike.
      logGroup: LogGroup.fromLogGroupName(this, `${id}Log`, logGroupName),
    })
    handler.addToRolePolicy(new PolicyStatement({ actions: ["secretsmanager:BatchGetSecretValue"], resources: ["*"] }))
    const streams = `arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:${logGroupName}:*`
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
    new StringParameter(this, `${id}Arn`, {
      parameterName: known.authorizerParameter(key),
      stringValue: handler.functionArn,
    })
    return handler
  }
}
