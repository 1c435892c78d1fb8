import type { EventPattern } from "aws-cdk-lib/aws-events"
import { EventBus, Rule, RuleTargetInput } from "aws-cdk-lib/aws-events"
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam"
import { Construct } from "constructs"
import { acknowledge } from "./acknowledge.ts"
import { alarmTopicArn } from "./alarm-topic.ts"
import { articleOf } from "./alarms.ts"
import { DeadLetterQueue } from "./dead-letter-queue.ts"
import { names } from "./names.ts"

interface TopicRuleProps {
  stageName: string
  /** Its name after the stage's, and its article's in docs/runbook.md; one of `toldRules`. */
  ruleId: string
  eventPattern: EventPattern
  /** What the mail says, of one line, with `EventField`s. */
  text: string
  /** Absent: the account's own bus, on which AWS tells of itself. */
  busName?: string
}

/** Tells the alarm topic, in words, of each event that matches; what could not be told waits in a queue. */
export class TopicRule extends Construct {
  constructor(scope: Construct, id: string, { stageName, ruleId, eventPattern, text, busName }: TopicRuleProps) {
    super(scope, id)
    const undone = new DeadLetterQueue(this, "undone", stageName, ruleId)
    acknowledge(undone, { "AwsSolutions-SQS3": "It is a dead-letter queue itself: that of the rule's target." })
    const rule = new Rule(this, "Rule", {
      ruleName: names(stageName).alarm(ruleId),
      eventPattern,
      ...(busName && { eventBus: EventBus.fromEventBusName(this, "Bus", busName) }),
    })
    rule.addTarget({
      bind: () => ({
        arn: alarmTopicArn(this, stageName),
        deadLetterConfig: { arn: undone.queueArn },
        input: RuleTargetInput.fromText(`Symbolon ${stageName}: ${text} ${articleOf(ruleId)}`),
      }),
    })
    undone.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal("events.amazonaws.com")],
        actions: ["sqs:SendMessage"],
        resources: [undone.queueArn],
        conditions: { ArnEquals: { "aws:SourceArn": rule.ruleArn } },
      }),
    )
  }
}
