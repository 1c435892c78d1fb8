import { Stack } from "aws-cdk-lib"
import { StringParameter } from "aws-cdk-lib/aws-ssm"
import type { Construct } from "constructs"
import { names } from "./names.ts"
import type { Stage } from "./stage.ts"

/** Who signs humans in on a stage, as `functions/id-token.ts` reads it: who the stage names, or its own user pool. */
export function signInEnvironment(scope: Construct, stageName: string, { signIn }: Stage): Record<string, string> {
  if (signIn) {
    const { issuer, clientId, trustEmail = false } = signIn
    return { ISSUER: issuer, CLIENT_ID: clientId, TRUST_EMAIL: String(trustEmail) }
  }
  return {
    ISSUER: ownPool(scope, stageName).issuer,
    CLIENT_ID: StringParameter.valueForStringParameter(scope, names(stageName).clientIdParameter),
    TRUST_EMAIL: "false",
  }
}

/** The user pool of a stage that names no issuer, as DataStack has made it. */
export function ownPool(scope: Construct, stageName: string): { id: string; arn: string; issuer: string } {
  const stack = Stack.of(scope)
  const id = StringParameter.valueForStringParameter(scope, names(stageName).userPoolIdParameter)
  return {
    id,
    arn: stack.formatArn({ service: "cognito-idp", resource: "userpool", resourceName: id }),
    issuer: `https://cognito-idp.${stack.region}.${stack.urlSuffix}/${id}`,
  }
}
