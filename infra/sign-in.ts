import { Stack } from "aws-cdk-lib"
import { StringParameter } from "aws-cdk-lib/aws-ssm"
import type { Construct } from "constructs"
import { names } from "./names.ts"
import type { Stage } from "./stage.ts"

/** Who signs humans in on a stage, and as which client of it: who the stage names, or its own user pool. */
export const signInOf = (scope: Construct, stageName: string, { signIn }: Stage): NonNullable<Stage["signIn"]> =>
  signIn ?? {
    issuer: ownPool(scope, stageName).issuer,
    clientId: StringParameter.valueForStringParameter(scope, names(stageName).clientIdParameter),
  }

/** The same, as `functions/id-token.ts` reads it. */
export function signInEnvironment(scope: Construct, stageName: string, stage: Stage): Record<string, string> {
  const { issuer, clientId, trustEmail = false } = signInOf(scope, stageName, stage)
  return { ISSUER: issuer, CLIENT_ID: clientId, TRUST_EMAIL: String(trustEmail) }
}

/** Whom the console asks, besides its own origin: where the issuer's documents are, and its token endpoint. */
export function issuerOrigins(scope: Construct, stageName: string, { signIn }: Stage): string[] {
  if (signIn) return [...new Set([new URL(signIn.issuer).origin, ...(signIn.origins ?? [])])]
  const { account, region, urlSuffix } = Stack.of(scope)
  const pages = `${names(stageName).signInDomain(account)}.auth.${region}.amazoncognito.com`
  return [`https://cognito-idp.${region}.${urlSuffix}`, `https://${pages}`]
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
