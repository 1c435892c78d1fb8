import { Stack } from "aws-cdk-lib"
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam"
import { Topic } from "aws-cdk-lib/aws-sns"
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions"
import type { Construct } from "constructs"
import { names } from "./names.ts"
import type { Stage } from "./stage.ts"

/**
 * Where alarms go, and from there by mail. Not encrypted with SNS's own key, under which CloudWatch can't publish, nor with one
 * of ours, which would cost more than it hides: no alarm holds a secret.
 */
export class AlarmTopic extends Topic {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage) {
    super(scope, id, { topicName: names(stageName).alarmTopic, enforceSSL: true })
    this.addSubscription(new EmailSubscription(stage.alarmEmail))
    const alarms = Stack.of(this).formatArn({
      service: "cloudwatch",
      resource: `alarm:${names(stageName).alarm("*")}`,
    })
    this.allow("cloudwatch.amazonaws.com", alarms)
  }

  /** Lets a service publish, on behalf of one source. A topic with a policy of its own has no other grant. */
  allow(service: string, sourceArn: string): void {
    this.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal(service)],
        actions: ["sns:Publish"],
        resources: [this.topicArn],
        conditions: { ArnLike: { "aws:SourceArn": sourceArn } },
      }),
    )
  }
}
