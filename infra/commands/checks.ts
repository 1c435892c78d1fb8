import { APIGatewayClient, GetAccountCommand as GetApiAccountCommand } from "@aws-sdk/client-api-gateway"
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation"
import {
  CloudTrailClient,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  type GetEventSelectorsResponse,
  GetTrailStatusCommand,
} from "@aws-sdk/client-cloudtrail"
import { GetAccountCommand, GetEmailIdentityCommand, SESv2Client } from "@aws-sdk/client-sesv2"
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm"
import * as z from "zod/mini"
import { email } from "../../shared/contract/objects.ts"
import type { Stage } from "../stage.ts"
import { isDenied, lineOf, Refusal, say } from "./command.ts"
import type { Session } from "./session.ts"

/** What `npm run deploy` looks at before cdk does anything. Each refuses, warns, or says that it couldn't look. */

/** Refuses the stage that is `npm start`'s, and addresses that nobody reads. */
export function checkStage(stageName: string, stage: Stage, emulated: boolean): void {
  if (stageName === "local" && !emulated) throw new Refusal("local is what npm start serves: deploy another stage")
  const addresses = Object.entries(stage).filter(([key]) => /Email$|^mailFrom$/.test(key)) as [string, string][]
  const among = (found: [string, string][]) =>
    `of stage ${stageName} in infra/stage.ts: ${found.map(([k]) => k).join(", ")}`
  const malformed = addresses.filter(([, address]) => !z.safeParse(email, address).success)
  if (malformed.length > 0) throw new Refusal(`these are no email addresses, ${among(malformed)}`)
  const placeholders = addresses.filter(([, address]) => /@(.+\.)?example\.com$/i.test(address))
  if (placeholders.length > 0 && !emulated)
    throw new Refusal(`put addresses of your own in place of those at example.com, ${among(placeholders)}`)
}

/** Refuses an account that was never bootstrapped in this region. */
export async function checkBootstrap({ account, region }: Session): Promise<void> {
  try {
    await new SSMClient().send(new GetParameterCommand({ Name: "/cdk-bootstrap/hnb659fds/version" }))
  } catch (error) {
    if ((error as Error).name === "ParameterNotFound")
      throw new Refusal(
        `account ${account} isn't bootstrapped in ${region}, which it is once: docs/deploy.md has the command, with a least-privilege policy`,
      )
    unchecked("whether the account is bootstrapped", error)
  }
}

/**
 * Arguments for cdk: none, or those that leave the account's stack out, where API Gateway's log role is somebody else's. An
 * account has one such role in a region, and whoever sets it takes it from all other APIs.
 */
export async function checkLogRole(): Promise<string[]> {
  const leaveOut = ["-c", "account=false"]
  try {
    const { cloudwatchRoleArn: role } = await new APIGatewayClient().send(new GetApiAccountCommand())
    if (!role || (await hasAccountStack())) return []
    say(`API Gateway's log role here is ${role}, not of our stack symbolon-account: left as it is (-c account=false)`)
    return leaveOut
  } catch (error) {
    unchecked("whose API Gateway's log role is; if it is another project's, pass -c account=false", error)
    return []
  }
}

async function hasAccountStack(): Promise<boolean> {
  try {
    const { Stacks = [] } = await new CloudFormationClient().send(
      new DescribeStacksCommand({ StackName: "symbolon-account" }),
    )
    return Stacks.some(
      ({ StackStatus = "" }) => !/^(DELETE_COMPLETE|REVIEW_IN_PROGRESS|ROLLBACK_COMPLETE)$/.test(StackStatus),
    )
  } catch (error) {
    if ((error as Error).name === "ValidationError") return false
    throw error
  }
}

/** Warns where CloudTrail records nothing of who changes a secret, which an alarm waits for. */
export async function checkTrail({ region }: Session): Promise<void> {
  const client = new CloudTrailClient()
  try {
    // With the shadows of trails of other regions and of the organisation.
    const { trailList = [] } = await client.send(new DescribeTrailsCommand({ includeShadowTrails: true }))
    for (const { TrailARN: TrailName } of trailList) {
      const [selectors, { IsLogging }] = await Promise.all([
        client.send(new GetEventSelectorsCommand({ TrailName })),
        client.send(new GetTrailStatusCommand({ Name: TrailName })),
      ])
      if (IsLogging && recordsWrites(selectors)) return
    }
    say(
      `no CloudTrail trail logs management events that write in ${region}: without one the alarm on the keyring's secret never fires`,
    )
  } catch (error) {
    unchecked(
      `whether CloudTrail logs management events in ${region}, which the alarm on the keyring's secret needs`,
      error,
    )
  }
}

/** Warns where SES would refuse to send from the stage's address: neither it nor its domain is verified, or only to the sandbox. */
export async function checkMail({ region }: Session, { mailFrom }: Stage): Promise<void> {
  if (mailFrom === undefined) return
  const client = new SESv2Client()
  const isVerified = async (EmailIdentity: string): Promise<boolean> => {
    try {
      const identity = await client.send(new GetEmailIdentityCommand({ EmailIdentity }))
      return identity.VerifiedForSendingStatus === true
    } catch (error) {
      if ((error as Error).name === "NotFoundException") return false
      throw error
    }
  }
  try {
    if (!(await isVerified(mailFrom)) && !(await isVerified(mailFrom.slice(mailFrom.indexOf("@") + 1))))
      say(
        `SES in ${region} has verified neither ${mailFrom} nor its domain: until then digests go to the alarm address`,
      )
    else if (!(await client.send(new GetAccountCommand())).ProductionAccessEnabled)
      say(
        `SES in ${region} is in its sandbox: it mails verified addresses only, and digests of others go to the alarm address`,
      )
  } catch (error) {
    unchecked(`whether SES sends from ${mailFrom}`, error)
  }
}

/** PutSecretValue is a management event, and a write. */
const recordsWrites = ({ EventSelectors = [], AdvancedEventSelectors = [] }: GetEventSelectorsResponse): boolean =>
  EventSelectors.some(
    ({ IncludeManagementEvents, ReadWriteType }) => IncludeManagementEvents && ReadWriteType !== "ReadOnly",
  ) ||
  AdvancedEventSelectors.some(({ FieldSelectors = [] }) => {
    const field = (name: string) => FieldSelectors.find(({ Field }) => Field === name)?.Equals
    return field("eventCategory")?.includes("Management") && !field("readOnly")?.includes("true")
  })

function unchecked(what: string, error: unknown): void {
  say(`can't tell ${what} (${isDenied(error) ? "not permitted" : lineOf(error)}); going on`)
}
