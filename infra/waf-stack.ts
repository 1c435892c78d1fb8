import { Stack, type StackProps } from "aws-cdk-lib"
import { StringParameter } from "aws-cdk-lib/aws-ssm"
import { CfnWebACL, CfnWebACLAssociation } from "aws-cdk-lib/aws-wafv2"
import type { Construct } from "constructs"
import { names } from "./names.ts"

/**
 * A web ACL before a stage's API: known bad addresses, known bad inputs, and a limit on each address. Not AWS's common rule
 * set, which blocks bodies over 8 KB where ours may have 16.
 */
export class WafStack extends Stack {
  constructor(scope: Construct, id: string, stageName: string, requestsPerAddress: number, props: StackProps) {
    super(scope, id, props)
    const visible = (metricName: string) => ({
      cloudWatchMetricsEnabled: true,
      metricName,
      // A sampled request would show its Authorization header to who may read samples.
      sampledRequestsEnabled: false,
    })
    const managed = (name: string, priority: number): CfnWebACL.RuleProperty => ({
      name,
      priority,
      overrideAction: { none: {} },
      statement: { managedRuleGroupStatement: { vendorName: "AWS", name } },
      visibilityConfig: visible(name),
    })
    const acl = new CfnWebACL(this, "WebAcl", {
      name: names(stageName).webAcl,
      scope: "REGIONAL",
      defaultAction: { allow: {} },
      visibilityConfig: visible(names(stageName).webAcl),
      rules: [
        managed("AWSManagedRulesAmazonIpReputationList", 0),
        managed("AWSManagedRulesKnownBadInputsRuleSet", 1),
        {
          name: "RequestsPerAddress",
          priority: 2,
          action: { block: {} },
          statement: {
            rateBasedStatement: { aggregateKeyType: "IP", limit: requestsPerAddress, evaluationWindowSec: 300 },
          },
          visibilityConfig: visible("RequestsPerAddress"),
        },
      ],
    })
    const apiId = StringParameter.valueForStringParameter(this, names(stageName).apiIdParameter)
    new CfnWebACLAssociation(this, "BeforeTheApi", {
      resourceArn: this.formatArn({
        service: "apigateway",
        account: "",
        resource: "/restapis",
        resourceName: `${apiId}/stages/api`,
      }),
      webAclArn: acl.attrArn,
    })
  }
}
