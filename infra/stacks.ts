import type { App } from "aws-cdk-lib"
import { DataStack } from "./data-stack.ts"
import { JobsStack } from "./jobs-stack.ts"
import { ServiceStack } from "./service-stack.ts"
import { stageOf } from "./stage.ts"

/** The stacks of a stage. They share physical names, and nothing else. */
export function addStage(app: App, stageName: string) {
  const stage = stageOf(stageName)
  const id = (part: string) => `symbolon-${stageName}-${part}`
  const data = new DataStack(app, id("data"), stageName, stage, {
    description: `Symbolon ${stageName}: table, secrets, trail of requests`,
    terminationProtection: true,
  })
  const service = new ServiceStack(app, id("service"), stageName, stage, {
    description: `Symbolon ${stageName}: authorizer and API`,
  })
  const jobs = new JobsStack(app, id("jobs"), stageName, stage, { description: `Symbolon ${stageName}: jobs` })
  // By order only: names are the seam.
  service.addStackDependency(data)
  jobs.addStackDependency(service)
  return { data, service, jobs }
}
