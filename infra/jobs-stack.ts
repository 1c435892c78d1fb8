import { Stack, type StackProps } from "aws-cdk-lib"
import type { Construct } from "constructs"
import { AlarmTopic } from "./alarm-topic.ts"
import { Alarms } from "./alarms.ts"
import { StageDashboard } from "./dashboard.ts"
import { Jobs } from "./jobs.ts"
import { SecretWatch } from "./secret-watch.ts"
import type { Stage } from "./stage.ts"

/** What runs by itself, or for an operator; and what watches over the stage. */
export class JobsStack extends Stack {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage, props: StackProps) {
    super(scope, id, props)
    const jobs = new Jobs(this, "Jobs", stageName, stage)
    const topic = new AlarmTopic(this, "AlarmTopic", stageName, stage)
    const watch = new SecretWatch(this, "SecretWatch", stageName, topic)
    const deadLetterQueues = new Map([...jobs.deadLetterQueues, ["secret-changed", watch.undone]])
    const alarms = new Alarms(this, "Alarms", stageName, topic, deadLetterQueues)
    new StageDashboard(this, "Dashboard", stageName, alarms.all, deadLetterQueues)
  }
}
