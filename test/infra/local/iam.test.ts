import { describe, expect, inject, it } from "vitest"
import { Role, readRoles } from "../../../infra/local/iam.ts"
import type { Need } from "../../../infra/local/needs.ts"
import { Assembly, type Properties, secretArn } from "../../../infra/local/template.ts"
import { assemblyFor } from "./fixture.ts"

const table = "arn:aws:dynamodb:us-east-1:000000000000:table/t"
const need = (action: string, leadingKeys: string[] = [], resource = table): Need => ({ action, resource, leadingKeys })
const statement = (Effect: string, Action: string | string[], more: Properties = {}) => ({
  Effect,
  Action,
  Resource: table,
  ...more,
})
const roleOf = (...Statement: Properties[]) => new Role("f", [{ Statement }])
const allows = (wanted: Need, ...statements: Properties[]) => roleOf(...statements).refused([wanted]) === undefined
const keys = (operator: string, ...patterns: string[]) => ({
  Condition: { [`${operator}:StringLike`]: { "dynamodb:LeadingKeys": patterns } },
})

describe("a role", () => {
  it.each([
    ["the action on the resource", statement("Allow", "dynamodb:GetItem")],
    ["one of several actions", statement("Allow", ["dynamodb:PutItem", "dynamodb:GetItem"])],
    ["actions with a wildcard", statement("Allow", "dynamodb:Get*")],
    ["everything", statement("Allow", "*", { Resource: "*" })],
    ["one of several resources", statement("Allow", "dynamodb:GetItem", { Resource: [`${table}/index/i`, table] })],
    ["resources with a wildcard", statement("Allow", "dynamodb:GetItem", { Resource: "arn:aws:dynamodb:*:table/?" })],
  ])("allows %s", (_, allowing) => {
    expect(allows(need("dynamodb:GetItem"), allowing)).toBe(true)
  })

  it.each<[string, ...Properties[]]>([
    ["without a statement"],
    ["with another action", statement("Allow", "dynamodb:GetItems")],
    ["with the table's indexes only", statement("Allow", "dynamodb:GetItem", { Resource: `${table}/index/*` })],
    ["with another table", statement("Allow", "dynamodb:GetItem", { Resource: `${table}2` })],
    ["with a Deny before", statement("Deny", "dynamodb:*"), statement("Allow", "*")],
    ["with a Deny behind", statement("Allow", "*"), statement("Deny", "*", { Resource: "*" })],
  ])("refuses %s", (_, ...statements) => {
    expect(allows(need("dynamodb:GetItem"), ...statements)).toBe(false)
  })

  it("has an index beside the table, not within it", () => {
    const query = need("dynamodb:Query", ["p"], `${table}/index/list`)
    expect(allows(query, statement("Allow", "dynamodb:Query"))).toBe(false)
    expect(allows(query, statement("Allow", "dynamodb:Query", { Resource: `${table}/index/list` }))).toBe(true)
  })

  it("names the first need that is not met", () => {
    const forbidden = need("dynamodb:DeleteItem", ["AUD#1"])
    const role = roleOf(statement("Allow", "*"), statement("Deny", "dynamodb:DeleteItem", keys("ForAnyValue", "AUD#*")))
    expect(role.refused([need("dynamodb:PutItem", ["AUD#1"]), need("dynamodb:DeleteItem", ["ACC#1"])])).toBeUndefined()
    expect(role.refused([need("dynamodb:PutItem", ["AUD#1"]), forbidden])).toBe(forbidden)
  })

  it.each([
    [["TOK#1", "ACC#1"], true, true],
    [["TOK#1", "USR#1"], false, true],
    [["USR#1"], false, false],
    [["xTOK#1"], false, false],
    // As on AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    [[], true, false],
  ])("with leading keys %j: all match: %s, any matches: %s", (leadingKeys, all, any) => {
    const read = need("dynamodb:BatchGetItem", leadingKeys)
    const allowed = (operator: string) =>
      allows(read, statement("Allow", "dynamodb:BatchGetItem", keys(operator, "TOK#*", "ACC#*")))
    expect([allowed("ForAllValues"), allowed("ForAnyValue")]).toEqual([all, any])
    const denied = (operator: string) =>
      !allows(read, statement("Allow", "*"), statement("Deny", "*", keys(operator, "TOK#*", "ACC#*")))
    expect([denied("ForAllValues"), denied("ForAnyValue")]).toEqual([all, any])
  })

  it("allows a secret by an ARN with six unknown characters", () => {
    const get = (name: string) => need("secretsmanager:GetSecretValue", [], secretArn(name))
    const allowing = statement("Allow", "secretsmanager:GetSecretValue", {
      Resource: "arn:aws:secretsmanager:us-east-1:000000000000:secret:edge-??????",
    })
    expect([allows(get("edge"), allowing), allows(get("edge-2"), allowing), allows(get("keyring"), allowing)]).toEqual([
      true,
      false,
      false,
    ])
  })

  it.each([
    ["a condition operator", { Condition: { StringNotEquals: { "ses:FromAddress": "x" } } }, "StringNotEquals"],
    [
      "a condition key of another operator",
      { Condition: { StringEquals: { "dynamodb:LeadingKeys": "x" } } },
      "LeadingKeys",
    ],
    ["a condition key", { Condition: { "ForAllValues:StringLike": { "dynamodb:Attributes": "x" } } }, "Attributes"],
    ["an element", { NotAction: "dynamodb:GetItem" }, "NotAction"],
  ])("that has %s which isn't evaluated is refused as a whole", (_, more, name) => {
    expect(() => roleOf(statement("Allow", "*", more))).toThrow(name)
  })
})

describe("the report", () => {
  it("has each action on each resource, and counts what a request needed that was let through", () => {
    const role = roleOf(
      statement("Allow", ["dynamodb:GetItem", "dynamodb:PutItem"]),
      statement("Allow", "dynamodb:Query", { Resource: `${table}/index/list` }),
      statement("Allow", "logs:PutLogEvents", { Resource: "*" }),
      statement("Deny", "dynamodb:DeleteItem"),
    )
    const granted = ["f dynamodb:GetItem table/t", "f dynamodb:PutItem table/t", "f dynamodb:Query table/t/index/list"]
    expect(role.granted).toEqual(granted)
    role.refused([need("dynamodb:PutItem"), need("dynamodb:DeleteItem")])
    expect(role.used).toEqual([])
    role.refused([need("dynamodb:PutItem")])
    role.refused([need("dynamodb:Query", ["p"], `${table}/index/list`)])
    expect(role.used).toEqual(granted.slice(1))
  })
})

describe("readRoles", () => {
  const policy = (Roles: Properties[], Action: string) => ({
    Type: "AWS::IAM::Policy",
    Properties: { Roles, PolicyDocument: { Statement: [statement("Allow", Action)] } },
  })
  const assembly = (resources: Properties) =>
    new Assembly(assemblyFor({ functions: { f: "" }, roles: { f: "Role" }, resources }))

  it("reads a role's own policies and those attached to it, and no other's", () => {
    const inline = { Policies: [{ PolicyDocument: { Statement: statement("Allow", "dynamodb:Scan") } }] }
    const role = readRoles(
      assembly({
        Role: { Type: "AWS::IAM::Role", Properties: inline },
        Other: { Type: "AWS::IAM::Role", Properties: {} },
        Attached: policy([{ Ref: "Other" }, { Ref: "Role" }], "dynamodb:Query"),
        Unattached: policy([{ Ref: "Other" }], "dynamodb:GetItem"),
      }),
    ).get("f")
    expect(role?.granted).toEqual(["f dynamodb:Scan table/t", "f dynamodb:Query table/t"])
  })

  it("throws for managed policies, of the template or of AWS", () => {
    const aws = { ManagedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] }
    expect(() => readRoles(assembly({ Role: { Type: "AWS::IAM::Role", Properties: aws } }))).toThrow("managed")
    const managed = { Type: "AWS::IAM::ManagedPolicy", Properties: {} }
    expect(() => readRoles(assembly({ Managed: managed }))).toThrow("managed")
  })

  it("counts as used what Lambda itself needs for the dead-letter queue, and throws without it", () => {
    const withDeadLetters = (Action: string) => {
      const Queue = { Type: "AWS::SQS::Queue", Properties: { QueueName: "f-undone" } }
      const Other = { Type: "AWS::SQS::Queue", Properties: { QueueName: "other" } }
      const Resource = ["Queue", "Other"].map((id) => ({ "Fn::GetAtt": [id, "Arn"] }))
      const Policies = [{ PolicyDocument: { Statement: { Effect: "Allow", Action, Resource } } }]
      const resources = { Queue, Other, Role: { Type: "AWS::IAM::Role", Properties: { Policies } } }
      const fixture = { functions: { f: "" }, roles: { f: "Role" }, deadLetterQueues: { f: "Queue" }, resources }
      return readRoles(new Assembly(assemblyFor(fixture))).get("f")
    }
    const role = withDeadLetters("sqs:SendMessage")
    expect(role?.granted).toEqual(["f sqs:SendMessage f-undone", "f sqs:SendMessage other"])
    expect(role?.used).toEqual(["f sqs:SendMessage f-undone"])
    expect(() => withDeadLetters("sqs:ReceiveMessage")).toThrow(
      "f may not send to its dead-letter queue arn:aws:sqs:us-east-1:000000000000:f-undone",
    )
  })

  it("reads those of our own assembly", () => {
    const roles = readRoles(new Assembly(inject("assembly")))
    const tableOf = "arn:aws:dynamodb:us-east-1:000000000000:table/symbolon-local"
    const authorizer = roles.get("symbolon-local-authorizer")
    const read = (...leadingKeys: string[]) =>
      authorizer?.refused([need("dynamodb:BatchGetItem", leadingKeys, tableOf)]) === undefined
    expect([read("TOK#1", "ACC#1"), read("TOK#1", "USR#1")]).toEqual([true, false])
    const updating = roles.get("symbolon-local-users-update")
    const update = (key: string) => updating?.refused([need("dynamodb:UpdateItem", [key], tableOf)]) === undefined
    expect([update("ACC#1"), update("AUD#2026-11")]).toEqual([true, false])
  })
})
