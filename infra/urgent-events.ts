import { EventField, type EventPattern } from "aws-cdk-lib/aws-events"
import { Construct } from "constructs"
import type { EventType } from "../shared/contract/events.ts"
import { compromised, failedBurst } from "./alarms.ts"
import { names } from "./names.ts"
import { TopicRule } from "./topic-rule.ts"

const field = (path: string) => EventField.fromPath(`$.detail.${path}`)

/** What on the bus can't wait for the next digest: the alarm address is told at once. */
const urgent: Record<string, { pattern: EventPattern & { detailType: EventType[] }; text: string }> = {
  [failedBurst]: {
    pattern: { detailType: ["auth.failed-burst"] },
    text: `${field("after.refused")} credentials were refused since ${field("after.since")}, from ${field("after.networks")}.`,
  },
  [compromised]: {
    pattern: { detailType: ["token.revoked", "account.tokens-revoked"], detail: { after: { compromised: [true] } } },
    text:
      `tokens of ${field("subject.user_id")} were reported as compromised (${field("action")}) by ${field("actor.user_id")} ` +
      `from ${field("ip")} at ${field("at")}.`,
  },
}

export class UrgentEvents extends Construct {
  constructor(scope: Construct, id: string, stageName: string) {
    super(scope, id)
    for (const [ruleId, { pattern: eventPattern, text }] of Object.entries(urgent))
      new TopicRule(this, ruleId, { stageName, ruleId, eventPattern, text, busName: names(stageName).bus })
  }
}
