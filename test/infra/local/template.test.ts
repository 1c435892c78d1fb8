import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { Assembly } from "../../../infra/local/template.ts"
import { assemblyFor } from "./fixture.ts"

/** A template whose queue is named by a parameter that CloudFormation looks up in SSM, as CDK writes one. */
function withLookup(name: string): string {
  const queue = { Type: "AWS::SQS::Queue", Properties: { QueueName: { "Fn::Select": [1, split] } } }
  const directory = assemblyFor({ resources: { Queue: queue } })
  const file = join(directory, "fixture.template.json")
  const template = JSON.parse(readFileSync(file, "utf8"))
  const Parameters = { Lookup: { Type: "AWS::SSM::Parameter::Value<String>", Default: name } }
  writeFileSync(file, JSON.stringify({ Parameters, ...template }))
  return directory
}
const split = { "Fn::Split": [":", { Ref: "Lookup" }] }

const nameOfQueue = (assembly: Assembly) =>
  assembly.ofType("AWS::SQS::Queue").map((queue) => assembly.resolved(queue).QueueName)

it("takes from SSM what other stacks have written there", () => {
  expect(nameOfQueue(new Assembly(withLookup("/a/b"), { "/a/b": "one:other" }))).toEqual(["other"])
})

it("says which parameter nobody has written", () => {
  expect(() => nameOfQueue(new Assembly(withLookup("/a/b"), { "/a/c": "" }))).toThrow(
    "fixture.template.json looks up /a/b, which no stack has written here",
  )
})

it("refers to a queue by its URL and to a topic by its ARN, as CloudFormation does", () => {
  const resources = {
    Queue: { Type: "AWS::SQS::Queue", Properties: { QueueName: "q" } },
    Unnamed: { Type: "AWS::SQS::Queue", Properties: {} },
    Topic: { Type: "AWS::SNS::Topic", Properties: { TopicName: "t" } },
  }
  const assembly = new Assembly(assemblyFor({ resources }))
  const resolved = (value: object) => assembly.resolve("fixture.template.json", value)
  expect(resolved([{ Ref: "Queue" }, { Ref: "Unnamed" }, { Ref: "Topic" }])).toEqual([
    "https://sqs.us-east-1.amazonaws.com/000000000000/q",
    "https://sqs.us-east-1.amazonaws.com/000000000000/Unnamed",
    "arn:aws:sns:us-east-1:000000000000:t",
  ])
  expect(resolved({ "Fn::GetAtt": ["Queue", "Arn"] })).toBe("arn:aws:sqs:us-east-1:000000000000:q")
})
