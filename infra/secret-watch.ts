import { EventField, Match } from "aws-cdk-lib/aws-events"
import { Construct } from "constructs"
import { secretChanged } from "./alarms.ts"
import { names } from "./names.ts"
import { TopicRule } from "./topic-rule.ts"

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
  constructor(scope: Construct, id: string, stageName: string) {
    super(scope, id)
    const known = names(stageName)
    const secrets = [known.keyring, known.cursor, known.edge]
    const field = (path: string) => EventField.fromPath(`$.detail.${path}`)
    new TopicRule(this, secretChanged, {
      stageName,
      ruleId: secretChanged,
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
      text:
        `${field("eventName")} of ${field("requestParameters.secretId")} by ${field("userIdentity.arn")} ` +
        `from ${field("sourceIPAddress")} at ${field("eventTime")}.`,
    })
  }
}
