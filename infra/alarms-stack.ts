import { Stack, type StackProps } from "aws-cdk-lib"
import { Topic } from "aws-cdk-lib/aws-sns"
import type { Construct } from "constructs"
import { alarmTopicArn } from "./alarm-topic.ts"
import { Alarms } from "./alarms.ts"
import { StageDashboard } from "./dashboard.ts"
import { SecretWatch } from "./secret-watch.ts"
import type { Stage } from "./stage.ts"

/** What watches over the stage. Apart from what it watches, which it knows by name and which runs without it. */
export class AlarmsStack extends Stack {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage, props: StackProps) {
    super(scope, id, props)
    const topic = Topic.fromTopicArn(this, "AlarmTopic", alarmTopicArn(this, stageName))
    new SecretWatch(this, "SecretWatch", stageName)
    const alarms = new Alarms(this, "Alarms", stageName, stage, topic)
    new StageDashboard(this, "Dashboard", stageName, stage, alarms.all)
  }
}
