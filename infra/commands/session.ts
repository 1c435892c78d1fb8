import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts"
import { type Stage, stageOf } from "../stage.ts"
import { lineOf, Refusal } from "./command.ts"

/** Where a command works, and as whom. */
export interface Session {
  region: string
  account: string
  arn: string
}

/** The stage that `--stage` names. */
export function stageFrom(name: unknown, command: string): { stageName: string; stage: Stage } {
  if (typeof name !== "string" || name === "") throw new Refusal(`which stage? npm run ${command} -- --stage dev`)
  return { stageName: name, stage: stageOf(name) }
}

/** `--profile`, and the region, for all that this process starts: cdk takes one variable more for it than the SDK does. */
export function configure(profile: unknown): void {
  const { env } = process
  if (typeof profile === "string") env.AWS_PROFILE = profile
  if (env.AWS_DEFAULT_REGION) env.AWS_REGION ??= env.AWS_DEFAULT_REGION
}

export const regionOf = (client: STSClient): Promise<string> =>
  client.config.region().catch(() => {
    throw new Refusal("there is no region: set AWS_REGION, such as AWS_REGION=eu-central-1")
  })

/** Asks AWS who this is. Throws a Refusal without region, without credentials, or with those that AWS refuses. */
export async function openSession(): Promise<Session> {
  const client = new STSClient()
  const region = await regionOf(client)
  try {
    const { Account = "", Arn = "" } = await client.send(new GetCallerIdentityCommand())
    return { region, account: Account, arn: Arn }
  } catch (error) {
    throw whyNoSession(error) ?? new Refusal(`AWS can't be asked who this is: ${lineOf(error)}`)
  }
}

/** What is wrong with the credentials, if that is what is wrong: of any call. */
export function whyNoSession(error: unknown): Refusal | undefined {
  const { name } = error as Error
  if (/^(CredentialsProviderError|TokenProviderError)$/.test(name))
    return new Refusal(`there are no AWS credentials (${lineOf(error)}): sign in, or set AWS_PROFILE`)
  if (/^(ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|InvalidSignature)/.test(name))
    return new Refusal(`AWS refuses these credentials (${name}): sign in again`)
  return undefined
}

/** An emulator on this machine takes what is at example.com, and what is named local. */
export function isEmulated(endpoint: string | undefined): boolean {
  const host = URL.parse(endpoint ?? "")?.hostname ?? ""
  return host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host)
}
