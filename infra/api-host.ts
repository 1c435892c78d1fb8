import { Stack } from "aws-cdk-lib"
import { StringParameter } from "aws-cdk-lib/aws-ssm"
import type { Construct } from "constructs"
import { names } from "./names.ts"

/** Where API Gateway serves a stage's API, which ServiceStack has made. */
export function apiHost(scope: Construct, stageName: string): string {
  const { region, urlSuffix } = Stack.of(scope)
  const id = StringParameter.valueForStringParameter(scope, names(stageName).apiIdParameter)
  return `${id}.execute-api.${region}.${urlSuffix}`
}
