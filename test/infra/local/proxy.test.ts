import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, inject, it, onTestFinished } from "vitest"
import type { Properties } from "../../../infra/local/template.ts"
import { type RunningStack, startTestStack } from "../../local-stack.ts"
import { folderForTest, until } from "./fixture.ts"

/** The stack of our own assembly, but for what `change` does to the statements of one Lambda's role. */
async function stackWithout(roleId: RegExp, change: (statement: Properties) => void): Promise<RunningStack> {
  const assembly = folderForTest()
  cpSync(inject("assembly"), assembly, { recursive: true })
  const file = join(assembly, "symbolon-local-service.template.json")
  const template = JSON.parse(readFileSync(file, "utf8"))
  const [, policy] = (Object.entries(template.Resources) as [string, Properties][]).find(
    ([id, { Type }]) => Type === "AWS::IAM::Policy" && roleId.test(id),
  ) as [string, Properties]
  for (const statement of policy.Properties.PolicyDocument.Statement) change(statement)
  writeFileSync(file, JSON.stringify(template))
  const stack = await startTestStack(assembly)
  onTestFinished(() => stack.stop())
  return stack
}

const without = (action: string) => (statement: Properties) => {
  if (statement.Effect === "Allow") statement.Action = [statement.Action].flat().filter((one: string) => one !== action)
}

const post = (stack: RunningStack, path: string, body: object) =>
  stack.send(path, { method: "POST", body: JSON.stringify(body) })

const logged = (stack: RunningStack, text: string) => until(async () => (await stack.logs()).includes(text))

it("a missing action makes the endpoint answer 503, and the log says which", async () => {
  const stack = await stackWithout(/^Apiuserscreate/, without("dynamodb:PutItem"))
  const response = await post(stack, "/users", { name: "n", role: "Member" })
  expect(response.status).toBe(503)
  await logged(stack, "symbolon-local-users-create is not authorized to perform: dynamodb:PutItem on resource: ")
  expect(await stack.logs()).toContain("AccessDeniedException")
  expect((await stack.send("/users/me")).status).toBe(200)
})

it("a missing secret makes the endpoint answer 503", async () => {
  const stack = await stackWithout(/^Apiusertokenscreate/, without("secretsmanager:GetSecretValue"))
  const { status } = await post(stack, "/user-tokens", { name: "n", type: "Personal", expiration: "7d" })
  expect(status).toBe(503)
  await logged(stack, "is not authorized to perform: secretsmanager:GetSecretValue on resource: ")
})

it("a secret that the authorizer may not read is left out of its batch", async () => {
  const stack = await stackWithout(/^AuthorizerRole/, (statement) => {
    const keyring = (resource: unknown) => JSON.stringify(resource).includes("keyring")
    if (Array.isArray(statement.Resource))
      statement.Resource = statement.Resource.filter((resource: unknown) => !keyring(resource))
  })
  expect((await stack.send("/users/me")).status).toBe(503)
  await logged(stack, "a secret is missing")
})

it("a batch needs its own action, too", async () => {
  const stack = await stackWithout(/^AuthorizerRole/, without("secretsmanager:BatchGetSecretValue"))
  expect((await stack.send("/users/me")).status).toBe(503)
  await logged(stack, "secretsmanager answered AccessDeniedException")
})

it("a leading key beyond the role's makes the authorizer answer 503", async () => {
  const stack = await stackWithout(/^AuthorizerRole/, (statement) => {
    if (statement.Condition) statement.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] = ["TOK#*"]
  })
  expect((await stack.send("/users/me")).status).toBe(503)
  await logged(stack, "dynamodb answered AccessDeniedException")
})
