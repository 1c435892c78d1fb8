import { EventField, Match, Rule, RuleTargetInput } from "aws-cdk-lib/aws-events"
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam"
import { Construct } from "constructs"
import { acknowledge } from "./acknowledge.ts"
import type { AlarmTopic } from "./alarm-topic.ts"
import { articleOf, secretChanged } from "./alarms.ts"
import { DeadLetterQueue } from "./dead-letter-queue.ts"
import { names } from "./names.ts"

/** What takes a secret away, changes it, moves it, or lets others at it. Reading one is no event: CloudTrail has it. */
const eventNames = [
  "DeleteSecret",
  "RestoreSecret",
  "PutSecretValue",
  "UpdateSecret",
  "UpdateSecretVersionStage",
  "RotateSecret",
  "CancelRotateSecret",
  "PutResourcePolicy",
  "DeleteResourcePolicy",
  "ReplicateSecretToRegions",
]

/**
 * Tells the alarm topic who did what to one of the stage's secrets. It hears of it through CloudTrail, so an account without a
 * trail stays silent: the deployment warns.
 */
export class SecretWatch extends Construct {
  constructor(scope: Construct, id: string, stageName: string, topic: AlarmTopic) {
    super(scope, id)
    const known = names(stageName)
    const secrets = [known.keyring, known.cursor, known.edge]
    // What could not be told.
    const undone = new DeadLetterQueue(this, "undone", stageName, secretChanged)
    acknowledge(undone, { "AwsSolutions-SQS3": "It is a dead-letter queue itself: that of the rule's target." })
    const rule = new Rule(this, "Rule", {
      ruleName: known.alarm(secretChanged),
      eventPattern: {
        source: ["aws.secretsmanager"],
        detailType: ["AWS API Call via CloudTrail"],
        detail: {
          eventSource: ["secretsmanager.amazonaws.com"],
          eventName: eventNames,
          // A caller may name a secret, or its ARN with or without the six characters at its end.
          requestParameters: {
            secretId: [...secrets, ...secrets.flatMap((name) => Match.wildcard(`arn:*:secret:${name}*`))],
          },
        },
      },
    })
    const field = (path: string) => EventField.fromPath(`$.detail.${path}`)
    rule.addTarget({
      bind: () => ({
        arn: topic.topicArn,
        deadLetterConfig: { arn: undone.queueArn },
        input: RuleTargetInput.fromText(
          `Symbolon ${stageName}: ${field("eventName")} of ${field("requestParameters.secretId")} by ${field("userIdentity.arn")} ` +
            `from ${field("sourceIPAddress")} at ${field("eventTime")}. ${articleOf(secretChanged)}`,
        ),
      }),
    })
    topic.allow("events.amazonaws.com", rule.ruleArn)
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
