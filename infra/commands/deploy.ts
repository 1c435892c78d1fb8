import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { CloudFormationClient, paginateDescribeStacks, type Stack } from "@aws-sdk/client-cloudformation"
import { apiUrlOutput, consoleUrlOutput } from "../names.ts"
import type { Stage } from "../stage.ts"
import { checkBootstrap, checkLogRole, checkMail, checkStage, checkTrail } from "./checks.ts"
import { Refusal, run, say } from "./command.ts"
import { configure, isEmulated, openSession, stageFrom } from "./session.ts"

/** `npm run deploy -- --stage prod`: looks, then `cdk deploy --all`, then tells what there is. All else goes to cdk. */
await run(async () => {
  const { stage: name, profile, others } = read(process.argv.slice(2))
  const { stageName, stage } = stageFrom(name, "deploy")
  checkStage(stageName, stage, isEmulated(process.env.AWS_ENDPOINT_URL))
  configure(profile)
  const session = await openSession()
  await checkBootstrap(session)
  const account = await checkLogRole()
  await checkTrail(session)
  await checkMail(session, stage)
  say(`deploying ${stageName} to account ${session.account} in ${session.region}, as ${session.arn}`)
  const status = await cdk(["deploy", "--all", "-c", `stage=${stageName}`, ...account, ...others], session.region)
  const stacks = await stacksOf(stageName)
  if (status === 0) console.log(done(stageName, stage, stacks))
  else
    throw new Refusal(
      [
        "the deployment stopped. What is deployed stays, and the data is retained: mend what cdk says above, and run the same command again",
        ...remedies(stacks),
      ].join("\n"),
    )
})

/** What is ours, and the rest as it came. */
function read(args: string[]) {
  const options = { stage: { type: "string" }, profile: { type: "string" } } as const
  const { values, tokens } = parseArgs({ args, options, strict: false, tokens: true })
  const ours = new Set<number>()
  for (const token of tokens) {
    if (token.kind === "option-terminator") ours.add(token.index)
    if (token.kind !== "option" || !(token.name in options)) continue
    ours.add(token.index)
    if (!token.inlineValue) ours.add(token.index + 1)
  }
  return { ...values, others: args.filter((_, index) => !ours.has(index)) }
}

/** The project's own: npm puts it first in the PATH. Ends as cdk does, also on Ctrl-C. */
async function cdk(args: string[], region: string): Promise<number | null> {
  const child = spawn("cdk", args, {
    cwd: join(import.meta.dirname, "../.."),
    env: { ...process.env, AWS_REGION: region },
    stdio: "inherit",
  })
  process.on("SIGINT", () => {})
  try {
    const [status] = await once(child, "close")
    return status
  } catch (error) {
    throw new Refusal(
      `cdk can't be started (${(error as NodeJS.ErrnoException).code}): run npm ci, then npm run deploy`,
    )
  }
}

/** The stage's stacks; none when they can't be listed, which then is cdk's to complain about. */
async function stacksOf(stageName: string): Promise<Stack[]> {
  const own = new RegExp(`^symbolon-(account|${stageName}-[a-z]+)$`)
  const found: Stack[] = []
  try {
    for await (const { Stacks = [] } of paginateDescribeStacks({ client: new CloudFormationClient() }, {}))
      found.push(...Stacks.filter(({ StackName = "" }) => own.test(StackName)))
  } catch (error) {
    say(`the stacks can't be listed: ${(error as Error).message}`)
  }
  return found
}

/** For each stack that no deployment can go on with as it is. */
function remedies(stacks: Stack[]): string[] {
  return stacks.flatMap(({ StackName = "", StackStatus = "" }) => {
    const aws = (command: string) => `aws cloudformation ${command} --stack-name ${StackName}`
    if (StackStatus === "UPDATE_ROLLBACK_FAILED")
      return [`  ${StackName} is ${StackStatus}. First: ${aws("continue-update-rollback")}`]
    if (!/^ROLLBACK_(COMPLETE|FAILED)$/.test(StackStatus)) return []
    return [
      StackName.endsWith("-data")
        ? `  ${StackName} is ${StackStatus}: it was never made. First remove it and what it left, as docs/deploy.md says`
        : `  ${StackName} is ${StackStatus}: it was never made. First: ${aws("delete-stack")}`,
    ]
  })
}

function done(stageName: string, stage: Stage, stacks: Stack[]): string {
  const { adminEmail, alarmEmail, adminTokenHours } = stage
  const outputs = stacks.flatMap(({ Outputs = [] }) => Outputs)
  const output = (key: string) => outputs.find(({ OutputKey }) => OutputKey === key)?.OutputValue
  const url = output(apiUrlOutput)
  const hours = adminTokenHours === undefined ? "" : ` for ${adminTokenHours} hours`
  return `
Symbolon ${stageName} is deployed: ${url ?? "its URL is in the outputs above"}
${consoleLine(stage, output(consoleUrlOutput))}Alarms go to ${alarmEmail}: confirm the subscription in the mail that the first deployment sent there.
The first administrator is ${adminEmail}. A token${hours}:

  TOKEN=$(npm run --silent admin -- --stage ${stageName})
  curl -H "Authorization: Bearer $TOKEN" ${url ?? "<url>"}/users/me
`
}

/** Empty without a console. A domain that the issuer doesn't know yet is one that it sends nobody back to. */
function consoleLine({ domain }: Stage, consoleUrl: string | undefined): string {
  if (consoleUrl === undefined) return ""
  const next = `put domain: "${new URL(consoleUrl).host}" into infra/stage.ts and deploy again, before anybody can sign in there`
  return `The console: ${consoleUrl}${domain === undefined ? `\n  First ${next}.` : ""}\n`
}
