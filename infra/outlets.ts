import { Stack } from "aws-cdk-lib"
import { PolicyStatement } from "aws-cdk-lib/aws-iam"
import type { Construct } from "constructs"
import type { Outlet } from "../shared/contract/jobs.ts"
import { names } from "./names.ts"
import { ownPool } from "./sign-in.ts"
import type { Stage } from "./stage.ts"

interface Opened {
  /** How the function knows where to send. */
  environment: Record<string, string>
  statements: PolicyStatement[]
}

/** Lets a function send to one outlet of its stage, and to nothing else. */
export function open(scope: Construct, outlet: Outlet, stageName: string, stage: Stage): Opened {
  const stack = Stack.of(scope)
  const known = names(stageName)
  const allow = (action: string, ...resources: string[]) => [new PolicyStatement({ actions: [action], resources })]
  switch (outlet) {
    case "archive": {
      const bucket = known.auditBucket(stack.account, stack.region)
      const objects = stack.formatArn({ service: "s3", region: "", account: "", resource: `${bucket}/*` })
      return { environment: { AUDIT_BUCKET: bucket }, statements: allow("s3:PutObject", objects) }
    }
    case "bus": {
      const bus = stack.formatArn({ service: "events", resource: "event-bus", resourceName: known.bus })
      return { environment: { EVENT_BUS: known.bus }, statements: allow("events:PutEvents", bus) }
    }
    case "alarm-topic": {
      const topic = stack.formatArn({ service: "sns", resource: known.alarmTopic })
      return { environment: { ALARM_TOPIC: topic }, statements: allow("sns:Publish", topic) }
    }
    case "mail": {
      const { mailFrom } = stage
      if (mailFrom === undefined) return { environment: {}, statements: [] }
      const statement = new PolicyStatement({
        actions: ["ses:SendEmail"],
        resources: [stack.formatArn({ service: "ses", resource: "*" })],
        conditions: { StringEquals: { "ses:FromAddress": mailFrom } },
      })
      return { environment: { MAIL_FROM: mailFrom }, statements: [statement] }
    }
    case "user-pool": {
      const { id, arn, issuer } = ownPool(scope, stageName)
      // No deletion, and no password.
      const actions = [
        "AdminCreateUser",
        "AdminDisableUser",
        "AdminEnableUser",
        "AdminGetUser",
        "AdminUpdateUserAttributes",
        "AdminUserGlobalSignOut",
        "ListUsers",
      ].map((action) => `cognito-idp:${action}`)
      return {
        environment: { USER_POOL_ID: id, ISSUER: issuer },
        statements: [new PolicyStatement({ actions, resources: [arn] })],
      }
    }
  }
}
