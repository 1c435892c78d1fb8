import { join } from "node:path"
import { account, region } from "./template.ts"

/** Who holds IAM permissions on this machine: the one operator that there is. */
export const localOperator = `arn:aws:iam::${account}:user/local`

/** Keeps what an operator's command needs to reach the local run, for as long as it runs. */
export const operatorFile = (directory: string): string => join(directory, "operator.env")

/** What stands there: the services past IAM, which ask for no credentials, and credentials, which the SDK wants to have. */
export function operatorEnvironment(stack: { engineEndpoint: string; secretsEndpoint: string }): string {
  const variables = {
    AWS_ENDPOINT_URL_DYNAMODB: stack.engineEndpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: stack.secretsEndpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: "LOCALOPERATOR",
    AWS_SECRET_ACCESS_KEY: "local",
  }
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("")
}
