import { type App, type Stack, type StackProps, Tags } from "aws-cdk-lib"
import { AccountStack } from "./account-stack.ts"
import { AlarmsStack } from "./alarms-stack.ts"
import { ConsoleStack } from "./console-stack.ts"
import { DataStack } from "./data-stack.ts"
import { JobsStack } from "./jobs-stack.ts"
import { ServiceStack } from "./service-stack.ts"
import { stageOf } from "./stage.ts"
import { WafStack } from "./waf-stack.ts"

/**
 * The stacks of a stage, and the one that an account has once. They share physical names, and nothing else: the order says
 * what a deployment needs to be there. `-c account=false` leaves the account's stack out, where its role is somebody else's; `-c alarms=false` the
 * alarms, where something else watches; `-c console=false` the console, where the API is enough.
 */
export function addStage(app: App, stageName: string): void {
  const stage = stageOf(stageName)
  const tags = { "symbolon:stage": stageName }
  const part = <T extends Stack>(name: string, description: string, make: (id: string, props: StackProps) => T): T => {
    const stack = make(`symbolon-${stageName}-${name}`, { description: `Symbolon ${stageName}: ${description}`, tags })
    for (const [key, value] of Object.entries(tags)) Tags.of(stack).add(key, value)
    return stack
  }
  const data = part(
    "data",
    "table, secrets, trail of requests",
    (id, props) => new DataStack(app, id, stageName, stage, { ...props, terminationProtection: true }),
  )
  const service = part(
    "service",
    "authorizer and API",
    (id, props) => new ServiceStack(app, id, stageName, stage, props),
  )
  const jobs = part("jobs", "jobs", (id, props) => new JobsStack(app, id, stageName, stage, props))
  service.addStackDependency(data)
  jobs.addStackDependency(service)
  const isWanted = (optional: "account" | "alarms" | "console") => String(app.node.tryGetContext(optional)) !== "false"
  if (isWanted("account"))
    service.addStackDependency(
      new AccountStack(app, "symbolon-account", { description: "Symbolon: what an account has once in a region" }),
    )
  if (isWanted("alarms"))
    part(
      "alarms",
      "alarms and dashboard",
      (id, props) => new AlarmsStack(app, id, stageName, stage, props),
    ).addStackDependency(jobs)
  // On this machine npm start serves it.
  if (stageName !== "local" && isWanted("console"))
    part(
      "console",
      "web console",
      (id, props) => new ConsoleStack(app, id, stageName, stage, props),
    ).addStackDependency(service)
  const { webAcl } = stage
  if (webAcl)
    part(
      "waf",
      "web ACL before the API",
      (id, props) => new WafStack(app, id, stageName, webAcl.requestsPerAddress, props),
      // Last, so that whatever keeps it back keeps back nothing else.
    ).addStackDependency(jobs)
}
