import { Stack, type StackProps } from "aws-cdk-lib"
import type { Construct } from "constructs"
import { Jobs } from "./jobs.ts"
import type { Stage } from "./stage.ts"

/** What runs by itself, or for an operator. */
export class JobsStack extends Stack {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage, props: StackProps) {
    super(scope, id, props)
    new Jobs(this, "Jobs", stageName, stage)
  }
}
