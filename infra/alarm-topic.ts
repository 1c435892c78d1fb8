import { Stack } from "aws-cdk-lib"
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam"
import { Topic } from "aws-cdk-lib/aws-sns"
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions"
import type { Construct } from "constructs"
import { names } from "./names.ts"
import type { Stage } from "./stage.ts"

/** Known by its name, so that alarms and jobs of other stacks need nothing of the stack that has it. */
export const alarmTopicArn = (scope: Construct, stageName: string): string =>
  Stack.of(scope).formatArn({ service: "sns", resource: names(stageName).alarmTopic })

/**
 * Where alarms go, urgent events and digests, and from there by mail. Not encrypted with SNS's own key, under which CloudWatch
 * can't publish, nor with one of ours, which would cost more than it hides: nothing that is told here is a secret.
 */
export class AlarmTopic extends Topic {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage) {
    const known = names(stageName)
    super(scope, id, { topicName: known.alarmTopic, enforceSSL: true })
    this.addSubscription(new EmailSubscription(stage.alarmEmail))
    const ofStage = (service: string, resource: string) => Stack.of(this).formatArn({ service, resource })
    this.allow("cloudwatch.amazonaws.com", ofStage("cloudwatch", `alarm:${known.alarm("*")}`))
    this.allow(
      "events.amazonaws.com",
      ofStage("events", `rule/${known.alarm("*")}`),
      ofStage("events", `rule/${known.bus}/${known.alarm("*")}`),
    )
  }

  /** Lets a service publish, on behalf of these sources. A topic with a policy of its own has no other grant. */
  private allow(service: string, ...sourceArns: string[]): void {
    this.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal(service)],
        actions: ["sns:Publish"],
        resources: [this.topicArn],
        conditions: { ArnLike: { "aws:SourceArn": sourceArns } },
      }),
    )
  }
}
