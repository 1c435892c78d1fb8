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
  const { region, urlSuffix } = Stack.of(scope)
  const { userPoolIdParameter, clientIdParameter } = names(stageName)
  const poolId = StringParameter.valueForStringParameter(scope, userPoolIdParameter)
  return {
    ISSUER: `https://cognito-idp.${region}.${urlSuffix}/${poolId}`,
    CLIENT_ID: StringParameter.valueForStringParameter(scope, clientIdParameter),
    TRUST_EMAIL: "false",
  }
}
