import { parseArgs } from "node:util"
import { InvokeCommand, type InvokeCommandOutput, LambdaClient } from "@aws-sdk/client-lambda"
import { STSClient } from "@aws-sdk/client-sts"
import { notAnAdministrator, stsEndpoint } from "../../shared/contract/operators.ts"
import { names } from "../names.ts"
import { isDenied, lineOf, Refusal, run, say } from "./command.ts"
import { adminTokenEvent } from "./proof.ts"
import { configure, regionOf, stageFrom, whyNoSession } from "./session.ts"

/**
 * `npm run admin -- --stage prod [--email …] [--promote]`: a personal token of an administrator, for who has IAM on the stage.
 * The token is on stdout, once, and nothing else is. Who this was is in the audit trail.
 */
await run(async () => {
  const { values } = parseArgs({
    options: {
      ...{ stage: { type: "string" }, email: { type: "string" }, profile: { type: "string" } },
      promote: { type: "boolean", default: false },
    } as const,
  })
  const { stageName, stage } = stageFrom(values.stage, "admin")
  const email = values.email ?? stage.adminEmail
  configure(values.profile)
  const client = new STSClient()
  const endpoint = stsEndpoint(await regionOf(client), process.env)
  const functionName = names(stageName).function("jobs/issue-admin-token")
  try {
    const event = await adminTokenEvent({ client, endpoint, stageName }, email, values.promote)
    const { bearer_token, expiration } = issued(await invoke(functionName, event), email)
    say(`a token of ${email} for ${stageName}, until ${expiration ?? "it is revoked"}: the audit trail has it as yours`)
    console.log(bearer_token)
  } catch (error) {
    throw whyNoSession(error) ?? whyNotInvoked(error, functionName)
  }
})

function whyNotInvoked(error: unknown, functionName: string): unknown {
  if ((error as Error).name === "ResourceNotFoundException")
    return new Refusal(
      `there is no ${functionName} here: is the stage deployed in this account and region? (${lineOf(error)})`,
    )
  return isDenied(error) ? new Refusal(`not permitted: ${lineOf(error)}`) : error
}

function invoke(functionName: string, event: object): Promise<InvokeCommandOutput> {
  // A repeat after a lost answer would mint a second token, which nobody would know.
  const client = new LambdaClient({ maxAttempts: 1 })
  return client.send(new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) }))
}

/** What the Lambda answered. Throws what it threw. */
function issued({ FunctionError, Payload }: InvokeCommandOutput, email: string) {
  const answer = JSON.parse(Payload?.transformToString() || "{}")
  if (!FunctionError) return answer as { bearer_token: string; expiration: string | null }
  const message: string = answer.errorMessage ?? FunctionError
  const hint =
    {
      [notAnAdministrator]: "; --promote makes this human an active administrator first",
      "validation-failed": ": it takes the email of a human",
    }[message] ?? ""
  throw new Refusal(`${email} gets no token: ${message}${hint}`)
}
