import { Stack, type StackProps } from "aws-cdk-lib"
import type { Construct } from "constructs"
import { AlarmTopic } from "./alarm-topic.ts"
import { Jobs } from "./jobs.ts"
import type { Stage } from "./stage.ts"
import { UrgentEvents } from "./urgent-events.ts"

/** What runs by itself, or for an operator; and where it, like alarms, tells people something. */
export class JobsStack extends Stack {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage, props: StackProps) {
    super(scope, id, props)
    new AlarmTopic(this, "AlarmTopic", stageName, stage)
    new UrgentEvents(this, "UrgentEvents", stageName)
    new Jobs(this, "Jobs", stageName, stage)
  }
}
