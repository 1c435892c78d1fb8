import { App, Stack } from "aws-cdk-lib"
import { Template } from "aws-cdk-lib/assertions"
import { expect, it } from "vitest"
import { ServiceFunction } from "../../infra/function.ts"
import { stageOf } from "../../infra/stage.ts"
import { lines, type Properties } from "./templates.ts"

/** What a function's role may do on the table, whose row says no more than this. */
const tableLines = (table: ServiceFunctionTable): string[] => {
  const stack = new Stack(new App({ analyticsReporting: false }), "stack")
  const props = { stageName: "local", stage: stageOf("local"), key: "users/me", memory: 256, timeoutSeconds: 5 }
  new ServiceFunction(stack, "one", { ...props, table, secrets: [] })
  return Object.values(Template.fromStack(stack).findResources("AWS::IAM::Policy"))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Properties[])
    .flatMap(lines)
    .filter((line) => line.includes("dynamodb"))
    .map((line) => line.replace(/arn:\S+:table/, "table"))
}
type ServiceFunctionTable = ConstructorParameters<typeof ServiceFunction>[2]["table"]

it("grants nothing on the table to a row that names no action", () => {
  expect(tableLines([])).toEqual([])
})

it("grants an index, and not the table, to a row that only queries it", () => {
  expect(tableLines(["Query@list"])).toEqual(["Allow dynamodb:Query on table/symbolon-local/index/list"])
})

it("denies changes of the audit trail to a row that may only delete", () => {
  const [allow, ...deny] = tableLines(["DeleteItem"])
  expect(allow).toBe("Allow dynamodb:DeleteItem on table/symbolon-local")
  expect(deny).toContain(
    'Deny dynamodb:DeleteItem on table/symbolon-local if {"ForAnyValue:StringLike":{"dynamodb:LeadingKeys":["AUD#*"]}}',
  )
})
