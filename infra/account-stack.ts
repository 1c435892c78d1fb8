import { RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib"
import { CfnAccount } from "aws-cdk-lib/aws-apigateway"
import { ManagedPolicy, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam"
import type { Construct } from "constructs"
import { acknowledge } from "./acknowledge.ts"

/**
 * What an account has once in a region, whatever the number of stages: the role with which API Gateway writes access logs.
 * Without one, no API of the account can have any. It is retained: other APIs may have come to rely on it.
 */
export class AccountStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props)
    const role = new Role(this, "AccessLogRole", {
      assumedBy: new ServicePrincipal("apigateway.amazonaws.com"),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName("service-role/AmazonAPIGatewayPushToCloudWatchLogs")],
    })
    role.applyRemovalPolicy(RemovalPolicy.RETAIN)
    const managed = "arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    acknowledge(role, {
      [`AwsSolutions-IAM4[Policy::${managed}]`]:
        "The policy that API Gateway documents for this role, and checks it for.",
    })
    new CfnAccount(this, "Account", { cloudWatchRoleArn: role.roleArn }).applyRemovalPolicy(RemovalPolicy.RETAIN)
  }
}
