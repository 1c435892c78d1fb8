import { readFileSync } from "node:fs"
import { marshall } from "@aws-sdk/util-dynamodb"
import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { beforeAll, describe, expect, inject, it } from "vitest"
import { authorizer, type Ports } from "../functions/authorize.ts"
import { job } from "../functions/job.ts"
import { secretCache } from "../shared/secret-cache.ts"
import { reportAdmin } from "../shared/store/accounts.ts"
import { system } from "../shared/store/audit.ts"
import { purgeDeletedAccounts } from "../shared/store/deletion.ts"
import type { Table } from "../shared/store/dynamodb.ts"
import { accountKey, tokenKey } from "../shared/store/table.ts"
import { mint } from "../shared/token/format.ts"
import { digestUnder } from "../shared/token/keyring.ts"
import { anAccount, anAdmin, aVerifiableToken } from "./builders.ts"
import { fakeRuntime, testKeyring } from "./fakes.ts"
import { Templates } from "./infra/templates.ts"

/** The runbook against what is deployed, of a stage that has everything, and against what is really written into the logs. */
const runbook = readFileSync(new URL("../docs/runbook.md", import.meta.url), "utf8")
const [, alarmsPart = "", queriesPart = ""] = runbook.split(/^## .*$/m)
const articlesOf = (part: string) =>
  part
    .split(/^### /m)
    .slice(1)
    .map((text) => ({ title: text.slice(0, text.indexOf("\n")), text }))

const templates = new Templates(inject("assemblies").dev as string).withoutConsole()
const named = (type: string, name: string): string[] =>
  templates.ofType(type).map(({ Properties }) => Properties[name] as string)

describe("the articles", () => {
  it("are those of the alarms and of the rules that tell the topic, one to one", () => {
    // The rules that start jobs have no names.
    const rules = named("AWS::Events::Rule", "Name").filter(Boolean)
    const ids = [...named("AWS::CloudWatch::Alarm", "AlarmName"), ...rules].map((name) =>
      name.replace("symbolon-dev-", ""),
    )
    expect(
      articlesOf(alarmsPart)
        .map(({ title }) => title)
        .sort(),
    ).toEqual(ids.sort())
  })

  it("say what it means, where to look, what to do, and when it is over", () => {
    for (const { title, text } of articlesOf(alarmsPart))
      expect([
        title,
        [...text.matchAll(/^\*\*(.+?)\*\*/gm)].map(([, label]) => (label as string).split(" ")[0]),
      ]).toEqual([title, expect.arrayContaining(["Means.", "Look.", "Do.", "Over"])])
  })

  it("name only what there is: articles, log groups, functions, secrets", () => {
    const titles = [...articlesOf(alarmsPart + queriesPart).map(({ title }) => title), "Restore", "Rotate the keyring"]
    const anchors = titles.map((title) => title.toLowerCase().replaceAll(" ", "-"))
    for (const [, anchor] of runbook.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor)
    const groups = named("AWS::Logs::LogGroup", "LogGroupName")
    const parameters = named("AWS::SSM::Parameter", "Name")
    for (const [, name] of runbook.matchAll(/\/symbolon\/\$STAGE\/([\w/-]+)/g))
      expect([...groups, ...parameters]).toContain(`/symbolon/dev/${name}`)
    const names = [
      ...named("AWS::Lambda::Function", "FunctionName"),
      ...named("AWS::SecretsManager::Secret", "Name"),
      ...named("AWS::SNS::Topic", "TopicName"),
      ...named("AWS::SQS::Queue", "QueueName"),
    ]
    // A prefix will do.
    for (const [, name] of runbook.matchAll(/symbolon-(?:\$STAGE|<stage>)-([a-z-]+[a-z])/g))
      expect([name, names.some((one) => one.startsWith(`symbolon-dev-${name}`))]).toEqual([name, true])
  })
})

it("a restore closes each route that writes, also one with a rate of its own, and opens the same ones again", () => {
  const own = templates.ofType("AWS::ApiGateway::Stage").flatMap(({ Properties }) => Properties.MethodSettings)
  const writing = own.filter(({ HttpMethod }: { HttpMethod: string }) => HttpMethod !== "GET")
  const routes = writing.map(({ ResourcePath, HttpMethod }) => `${ResourcePath}/${HttpMethod}`)
  for (const limit of ["rateLimit", "burstLimit"]) {
    const patched = [...runbook.matchAll(new RegExp(`path=(\\S+)/throttling/${limit}`, "g"))].map(([, route]) => route)
    expect(patched.toSorted()).toEqual(routes.toSorted())
  }
})

describe("the queries", () => {
  const queries = articlesOf(queriesPart).map(({ title, text }) => {
    const [, groups = "", query = ""] = /```text\n# (.*)\n([\s\S]*?)```/.exec(text) ?? []
    return { title, query, groups: groups.split(" ").map((group) => group.replace("/symbolon/$STAGE/", "")) }
  })
  /** Members of the lines that a log group gets. */
  let fields: Record<string, Set<string>>
  beforeAll(async () => {
    const { Format } = templates.ofType("AWS::ApiGateway::Stage")[0]?.Properties.AccessLogSetting ?? {}
    const admins = fieldsOf(adminLines())
    fields = {
      access: fieldsOf([JSON.parse(Format)]),
      authorizer: fieldsOf(await authorizerLines()),
      "jobs/purge-deleted-accounts": fieldsOf(await purgeLines()),
      "jobs/create-first-admin": admins,
      "users/create": admins,
      "users/update": admins,
    }
  })

  it("are there: what one token did, who failed from where, and more", () => {
    expect(queries.map(({ title }) => title)).toEqual(
      expect.arrayContaining(["Everything that one token did", "Who failed from where", "Slowest routes"]),
    )
    for (const { title, query, groups } of queries)
      expect([title, query !== "", groups[0] !== ""]).toEqual([title, true, true])
  })

  it("name fields only that the lines of their log groups have", () => {
    for (const { title, query, groups } of queries) {
      const known = groups.flatMap((group) => [...(fields[group] ?? [])])
      const read = fieldsIn(query)
      expect(read.length).toBeGreaterThan(0)
      expect([title, read.filter((field) => !known.includes(field))]).toEqual([title, []])
    }
  })

  it("read every log group that they name", () => {
    for (const { title, query, groups } of queries)
      for (const group of groups)
        expect([title, group, fieldsIn(query).some((field) => fields[group]?.has(field))]).toEqual([title, group, true])
  })
})

const words = new Set(
  "fields filter stats sort limit by as and or not in like asc desc bin count count_distinct latest earliest pct".split(
    " ",
  ),
)

/** The fields that a query of CloudWatch Logs Insights reads, but CloudWatch's own, which begin with an @. */
function fieldsIn(query: string): string[] {
  const bare = query.replaceAll(/"[^"]*"|\/[^/\n]*\//g, "")
  const made = [...bare.matchAll(/\bas (\w+)/g)].map(([, name]) => name)
  const read = [...bare.matchAll(/(?<![\w@.])[A-Za-z_]\w*/g)].map(([name]) => name)
  return read.filter((name) => !words.has(name) && !made.includes(name))
}

const fieldsOf = (lines: readonly object[]): Set<string> =>
  new Set(lines.flatMap((line) => Object.keys(JSON.parse(JSON.stringify(line)))))

/** An accepted request, a wrong secret, a secret proven for nothing, and a fault. */
async function authorizerLines(): Promise<object[]> {
  const [account, token] = [anAccount(), aVerifiableToken()]
  const bearerToken = mint("Service", account.id, token.id, new Uint8Array(32).fill(9))
  const digest = digestUnder(testKeyring(), "k1", bearerToken)
  const rows = (over: object) => [
    marshall({ ...token, current: { digest, keyPath: "k1", generation: 1 }, ...over, ...tokenKey(token.id) }),
    marshall({ ...account, ...accountKey(account.id) }),
  ]
  const lines: object[] = []
  const event = {
    httpMethod: "GET",
    resource: "/users/me",
    methodArn: "arn:aws:execute-api:us-east-1:1:api/api/GET/users/me",
    multiValueHeaders: { Authorization: [`Bearer ${bearerToken}`] },
    requestContext: { apiId: "api", requestId: "r", identity: { sourceIp: "203.0.113.7" } },
  } as unknown as APIGatewayRequestAuthorizerEvent
  const answers: (() => object[])[] = [
    () => rows({}),
    () => rows({ current: token.current }),
    () => rows({ state: "REVOKED" }),
    () => {
      throw new Error("down")
    },
  ]
  for (const answer of answers) {
    const ports: Ports = {
      now: Date.now,
      tableName: "table",
      stage: "test",
      dynamodb: async () => ({ Responses: { table: answer() } }),
      secrets: secretCache(async () => ({ keyring: testKeyring(), edge: "edge" }), Date.now),
      write: (line) => void lines.push(line),
    }
    await authorizer(ports)(event).catch(() => {})
  }
  expect(lines).toHaveLength(answers.length)
  return lines
}

async function purgeLines(): Promise<object[]> {
  const runtime = fakeRuntime({ queryIndex: async () => [], batchGet: async () => [] } as unknown as Table)
  const actor = system("purge-deleted-accounts", "r")
  const handler = job(
    "purge-deleted-accounts",
    () => purgeDeletedAccounts(runtime, actor),
    () => runtime,
  )
  await handler({}, { awsRequestId: "r" } as never)
  return runtime.lines
}

function adminLines(): object[] {
  const runtime = fakeRuntime({} as Table)
  reportAdmin(runtime, anAdmin(), undefined, anAccount({ role: "Admin" }))
  return runtime.lines
}
