// Long because it reads as the list of what must hold in every template, in one place.
import { describe, expect, inject, it } from "vitest"
import { stageOf } from "../../infra/stage.ts"
import { type Endpoint, endpointRows } from "../../shared/contract/endpoints.ts"
import { type Job, jobRows, type Outlet } from "../../shared/contract/jobs.ts"
import { problems } from "../../shared/contract/problems.ts"
import { type Refusal, refusals, told } from "../../shared/contract/refusals.ts"
import { flat, lines, type Properties, type Resource, Templates } from "./templates.ts"

const logDays = { local: 1, dev: 30, prod: 365 }
const recoveryDays = { local: 1, dev: 7, prod: 35 }
type StageName = keyof typeof logDays

const templatesOf = (stage: StageName) => new Templates(inject("assemblies")[stage] as string).withoutConsole()
const templates = { local: templatesOf("local"), dev: templatesOf("dev"), prod: templatesOf("prod") }

/** The same verdict, for REST APIs and for HTTP APIs. */
const authorizers = ["authorizer", "http-authorizer"]

/** Each function of ours: key, its row, and what the row alone doesn't say. */
type Row = Pick<Endpoint | Job, "table" | "secrets"> & Partial<Pick<Job, "source" | "sends">>
/** Of the three only `local` names who signs its humans in: the others have a user pool, and the job that keeps it. */
const ownPool = { local: false, dev: true, prod: true }
const jobsOf = (stage: StageName) => jobRows.filter(([key]) => ownPool[stage] || key !== "sync-user-pool")
const functionsOf = (stage: StageName): [key: string, row: Row][] => [
  ...endpointRows,
  ...jobsOf(stage).map(([key, row]): [string, Row] => [`jobs/${key}`, row]),
]
/** Routes that their rows open to everyone. */
const open: string[] = endpointRows.filter(([, { needs }]) => needs === "nothing").map(([, { route }]) => route)
const functionName = (stage: string, key: string) => `symbolon-${stage}-${key.replaceAll("/", "-")}`

describe.each(["local", "dev", "prod"] as const)("C1 stage %s", (stage) => {
  const functions = functionsOf(stage)
  const all = (type: string) => templates[stage].ofType(type)
  const only = (type: string): Resource => {
    const [one, ...others] = all(type)
    if (!one || others.length > 0) throw new Error(`${others.length + 1} of ${type}`)
    return one
  }
  const lambda = (key: string): Resource => {
    const found = all("AWS::Lambda::Function").find(
      ({ Properties }) => Properties.FunctionName === functionName(stage, key),
    )
    if (!found) throw new Error(`no function for ${key}`)
    return found
  }

  describe("authorizer", () => {
    it("is a REQUEST authorizer without identity source, whose result is never kept", () => {
      const { Properties } = only("AWS::ApiGateway::Authorizer")
      expect(Properties).toMatchObject({ Type: "REQUEST", AuthorizerResultTtlInSeconds: 0 })
      // CDK writes an empty text for none.
      expect(Properties.IdentitySource ?? "").toBe("")
      expect(Properties.IdentityValidationExpression).toBeUndefined()
      expect(flat(Properties.AuthorizerUri["Fn::Join"][1].at(-2))).toBe(`<${lambda("authorizer").id}.Arn>`)
    })

    it.each(authorizers)("%s may read tokens and accounts, by BatchGetItem, and its two secrets", (key) => {
      expect(statementsOf(lambda(key))).toEqual(
        [
          ...logLines(lambda(key)),
          `Allow dynamodb:BatchGetItem on ${tableArn(stage)} if ${JSON.stringify({
            "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["TOK#*", "ACC#*"] },
          })}`,
          `Allow secretsmanager:GetSecretValue on ${secretArn(stage, "keyring")}`,
          `Allow secretsmanager:GetSecretValue on ${secretArn(stage, "edge")}`,
          // It takes no resource, and returns what GetSecretValue is granted on.
          "Allow secretsmanager:BatchGetSecretValue on *",
        ].sort(),
      )
    })

    it.each(authorizers)("%s knows the table and its two secrets by name, and nothing else", (key) => {
      expect(lambda(key).Properties.Environment.Variables).toEqual({
        STAGE: stage,
        TABLE_NAME: `symbolon-${stage}`,
        KEYRING_SECRET: `symbolon-${stage}-keyring`,
        EDGE_SECRET: `symbolon-${stage}-edge`,
      })
    })

    it("is found by other teams through SSM, in both its forms", () => {
      const parameters = all("AWS::SSM::Parameter").map(({ Properties }) => [Properties.Name, flat(Properties.Value)])
      for (const key of authorizers)
        expect(parameters).toContainEqual([`/symbolon/${stage}/${key}-arn`, `<${lambda(key).id}.Arn>`])
      // Beside the API's id, and the table's stream; where there is a user pool, its id and its client's.
      expect(parameters).toHaveLength(authorizers.length + (ownPool[stage] ? 4 : 2))
    })
  })

  describe("API", () => {
    it("has the methods of the endpoint table, one to one, each on its own Lambda", () => {
      const methods = all("AWS::ApiGateway::Method").map((method) => {
        const { HttpMethod, ResourceId, Integration } = method.Properties
        expect(Integration.Type).toBe("AWS_PROXY")
        const handler = templates[stage].target(method, Integration.Uri["Fn::Join"][1].at(-2))
        return `${HttpMethod} ${pathOf(templates[stage], method, ResourceId)} → ${handler.Properties.FunctionName}`
      })
      expect(methods.sort()).toEqual(
        endpointRows.map(([key, row]) => `${row.route} → ${functionName(stage, key)}`).sort(),
      )
    })

    it("asks the authorizer on every route but those whose row says that it needs nothing", () => {
      for (const method of all("AWS::ApiGateway::Method")) {
        const { HttpMethod, ResourceId, AuthorizationType, AuthorizerId } = method.Properties
        const route = `${HttpMethod} ${pathOf(templates[stage], method, ResourceId)}`
        expect([route, AuthorizationType]).toEqual([route, open.includes(route) ? "NONE" : "CUSTOM"])
        if (AuthorizationType === "CUSTOM")
          expect(AuthorizerId).toEqual({ Ref: only("AWS::ApiGateway::Authorizer").id })
      }
    })

    it("is regional, throttled, and logs neither data traces nor executions", () => {
      expect(only("AWS::ApiGateway::RestApi").Properties.EndpointConfiguration).toEqual({ Types: ["REGIONAL"] })
      const { StageName, MethodSettings } = only("AWS::ApiGateway::Stage").Properties
      expect(StageName).toBe("api")
      const { rate, burst } = stageOf(stage).throttle
      const settings = (HttpMethod: string, ResourcePath: string, share: number) => ({
        HttpMethod,
        ResourcePath,
        DataTraceEnabled: false,
        LoggingLevel: "OFF",
        ThrottlingRateLimit: rate * share,
        ThrottlingBurstLimit: burst * share,
      })
      // What is open to everyone can't use up what those have who come with a token.
      const tenths = open.map((route) => {
        const [method, path] = route.split(" ") as [string, string]
        // As API Gateway's settings want a path: ~1 for each slash.
        return settings(method, `/${path.replaceAll("/", "~1")}`, 0.1)
      })
      expect(MethodSettings).toHaveLength(1 + tenths.length)
      expect(MethodSettings).toEqual(expect.arrayContaining([settings("*", "/*", 1), ...tenths]))
      // One for all stages and their APIs, and nobody's own.
      expect(only("AWS::ApiGateway::Account").stack).toBe("symbolon-account")
    })

    it("keeps an access log of ids and the route's template", () => {
      const { DestinationArn, Format } = only("AWS::ApiGateway::Stage").Properties.AccessLogSetting
      expect(flat(DestinationArn)).toContain(`<${logGroup(`/symbolon/${stage}/access`).id}>`)
      for (const value of Object.values(JSON.parse(Format))) expect(allowedInLog).toContain(value)
      const wanted = ["extendedRequestId", "authorizer.principalId", "authorizer.handle", "identity.sourceIp"]
      for (const name of [...wanted, "httpMethod", "resourcePath", "status", "responseLatency"])
        expect(Object.values(JSON.parse(Format))).toContain(`$context.${name}`)
      // Also with `-`, which API Gateway writes for what isn't there.
      expect(() => JSON.parse(Format.replaceAll(variable, "-"))).not.toThrow()
    })

    it("lets API Gateway call a Lambda for one route of this API only, and for no console test", () => {
      const open = all("AWS::Lambda::Permission")
        .filter(({ Properties }) => Properties.Principal === "apigateway.amazonaws.com")
        .map(({ Properties }) => flat(Properties.SourceArn))
      const api = `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${only("AWS::ApiGateway::RestApi").id}>`
      const deployed = `${api}/<${only("AWS::ApiGateway::Stage").id}>`
      expect(open.sort()).toEqual(
        [
          `${api}/authorizers/<${only("AWS::ApiGateway::Authorizer").id}>`,
          ...endpointRows.map(([, { route }]) => `${deployed}/${route.replace(" ", "").replaceAll(/\{\w+\}/g, "*")}`),
        ].sort(),
      )
      for (const { id, Properties } of all("AWS::Lambda::Permission"))
        expect([id, Properties.SourceArn]).toEqual([id, expect.anything()])
    })
  })

  describe("gateway responses", () => {
    const responses = (): Record<string, Properties> =>
      Object.fromEntries(
        all("AWS::ApiGateway::GatewayResponse").map(({ Properties }) => [Properties.ResponseType, Properties]),
      )

    it("answer with these statuses and bodies", () => {
      expect(
        Object.fromEntries(
          Object.entries(responses()).map(([type, { StatusCode, ResponseTemplates }]) => [
            type,
            [StatusCode, JSON.parse(ResponseTemplates["application/json"]).type],
          ]),
        ),
      ).toEqual({
        UNAUTHORIZED: ["401", "/api/problems/authentication-required"],
        ACCESS_DENIED: ["401", "/api/problems/$context.authorizer.code"],
        AUTHORIZER_FAILURE: ["503", "/api/problems/auth-unavailable"],
        AUTHORIZER_CONFIGURATION_ERROR: ["503", "/api/problems/auth-unavailable"],
        MISSING_AUTHENTICATION_TOKEN: ["404", "/api/problems/not-found"],
        INVALID_SIGNATURE: ["404", "/api/problems/not-found"],
        RESOURCE_NOT_FOUND: ["404", "/api/problems/not-found"],
        THROTTLED: ["429", "/api/problems/too-many-requests"],
        INTEGRATION_FAILURE: ["503", "/api/problems/service-unavailable"],
        API_CONFIGURATION_ERROR: ["503", "/api/problems/service-unavailable"],
        INTEGRATION_TIMEOUT: ["503", "/api/problems/service-unavailable"],
        // They stand for many statuses.
        DEFAULT_4XX: [undefined, "about:blank"],
        DEFAULT_5XX: [undefined, "about:blank"],
      })
    })

    it("carry a challenge where a credential is wanted, and say when to try again", () => {
      const always = {
        "gatewayresponse.header.Cache-Control": "'no-store'",
        "gatewayresponse.header.Content-Type": "'application/problem+json'",
        "gatewayresponse.header.X-Content-Type-Options": "'nosniff'",
        "gatewayresponse.header.Strict-Transport-Security": "'max-age=31536000; includeSubDomains'",
      }
      const challenge = "gatewayresponse.header.WWW-Authenticate"
      const retry = { "gatewayresponse.header.Retry-After": "'2'" }
      expect(
        Object.fromEntries(
          Object.entries(responses()).map(([type, { ResponseParameters }]) => [type, ResponseParameters]),
        ),
      ).toEqual({
        UNAUTHORIZED: { ...always, [challenge]: `'Bearer realm="api"'` },
        ACCESS_DENIED: { ...always, [challenge]: `'Bearer realm="api", error="invalid_token"'` },
        AUTHORIZER_FAILURE: { ...always, ...retry },
        AUTHORIZER_CONFIGURATION_ERROR: { ...always, ...retry },
        MISSING_AUTHENTICATION_TOKEN: always,
        INVALID_SIGNATURE: always,
        RESOURCE_NOT_FOUND: always,
        THROTTLED: { ...always, ...retry },
        INTEGRATION_FAILURE: { ...always, ...retry },
        API_CONFIGURATION_ERROR: { ...always, ...retry },
        INTEGRATION_TIMEOUT: { ...always, ...retry },
        DEFAULT_4XX: always,
        DEFAULT_5XX: { ...always, ...retry },
      })
    })

    it("are problems in JSON once their variables are filled in, whose status is the response's", () => {
      for (const { StatusCode, ResponseTemplates } of Object.values(responses())) {
        expect(Object.keys(ResponseTemplates)).toEqual(["application/json"])
        const body = JSON.parse(ResponseTemplates["application/json"].replaceAll(variable, "filled-in"))
        expect(body).toMatchObject({ type: expect.any(String), title: expect.any(String), instance: "filled-in" })
        expect(body.status).toBe(StatusCode && Number(StatusCode))
      }
    })

    it("say what the problem list says", () => {
      for (const { ResponseTemplates } of Object.values(responses())) {
        const body = JSON.parse(ResponseTemplates["application/json"])
        const code = body.type.replace("/api/problems/", "")
        if (code in problems) expect(body).toMatchObject(problems[code as keyof typeof problems])
      }
      expect.hasAssertions()
    })

    it("name the request id and the authorizer's closed list, and never API Gateway's own message", () => {
      for (const [type, { ResponseTemplates }] of Object.entries(responses())) {
        const named = [...ResponseTemplates["application/json"].matchAll(variable)].map(([text]) => text)
        const known = ["$context.extendedRequestId"]
        if (type === "ACCESS_DENIED")
          known.push("$context.authorizer.code", "$context.authorizer.title", "$context.authorizer.detail")
        expect([type, named.sort()]).toEqual([type, known.sort()])
      }
    })
  })

  describe("Lambdas", () => {
    it("are those of the two tables and the two authorizers", () => {
      expect(
        all("AWS::Lambda::Function")
          .map(({ Properties }) => Properties.FunctionName)
          .sort(),
      ).toEqual([...authorizers, ...functions.map(([key]) => key)].map((key) => functionName(stage, key)).sort())
    })

    it("run Node 24 on arm64 and log text into a group of their own; the authorizers' is DataStack's, by its name", () => {
      for (const one of all("AWS::Lambda::Function")) {
        const { Runtime, Architectures, Handler, LoggingConfig, Timeout } = one.Properties
        expect([Runtime, Architectures, Handler]).toEqual(["nodejs24.x", ["arm64"], "index.handler"])
        expect(LoggingConfig.LogFormat).toBe("Text")
        if (authorizers.some((key) => one.Properties.FunctionName === functionName(stage, key))) {
          expect(LoggingConfig.LogGroup).toBe(`/symbolon/${stage}/authorizer`)
          const { resources } = templates[stage].stack("data")
          expect(resources.map(({ Properties }) => Properties.LogGroupName)).toContain(LoggingConfig.LogGroup)
        } else expect(templates[stage].target(one, LoggingConfig.LogGroup).Type).toBe("AWS::Logs::LogGroup")
        // API Gateway waits 29 s.
        if (one.stack.endsWith("-service")) expect(Timeout).toBeLessThan(29)
      }
    })

    it("know the name of their stage", () => {
      for (const { Properties } of all("AWS::Lambda::Function"))
        expect(Properties.Environment.Variables.STAGE).toBe(stage)
    })

    it.each(authorizers)("give %s 256 MB and 5 s", (key) => {
      expect(lambda(key).Properties).toMatchObject({ MemorySize: 256, Timeout: 5 })
    })

    it.each(functions)("%s may do what its row says, and nothing else", (key, row) => {
      const handler = lambda(key)
      expect(statementsOf(handler)).toEqual(
        [
          ...logLines(handler),
          ...row.table.map((action) => {
            const [put, kind] = action.split("#")
            if (kind)
              return `Allow dynamodb:${put} on ${tableArn(stage)} if ${JSON.stringify({
                "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [`${kind}#*`] },
              })}`
            const [name, index] = action.split("@")
            return `Allow dynamodb:${name} on ${tableArn(stage)}${index ? `/index/${index}` : ""}`
          }),
          ...(row.table.includes("UpdateItem") || row.table.includes("DeleteItem") ? auditDeny(stage) : []),
          ...row.secrets.map((secret) => `Allow secretsmanager:GetSecretValue on ${secretArn(stage, secret)}`),
          ...(row.sends ?? []).flatMap((outlet) => sending(stage)[outlet]),
          ...(streams(row) ? streamReads : []),
          ...(handler.Properties.DeadLetterConfig
            ? [`Allow sqs:SendMessage on ${flat(handler.Properties.DeadLetterConfig.TargetArn)}`]
            : []),
        ].sort(),
      )
    })

    it("know their stage, the dimension of what they measure", () => {
      for (const { id, Properties } of all("AWS::Lambda::Function"))
        expect([id, Properties.Environment.Variables.STAGE]).toEqual([id, stage])
    })

    it.each(functions)("%s knows the names of the secrets that it may read, and of no others", (key, row) => {
      const names = Object.entries(lambda(key).Properties.Environment.Variables)
        .filter(([name]) => name.endsWith("_SECRET"))
        .map(([name, value]) => [name, value])
      expect(names.sort()).toEqual(
        row.secrets.map((secret) => [`${secret.toUpperCase()}_SECRET`, `symbolon-${stage}-${secret}`]).sort(),
      )
    })
  })

  describe("roles", () => {
    it("are assumed by one service each, and hold no policy but the one checked above", () => {
      for (const { id, stack, Properties } of all("AWS::IAM::Role")) {
        if (stack === "symbolon-account") continue
        expect([id, Properties.ManagedPolicyArns, Properties.Policies]).toEqual([id, undefined, undefined])
        expect(Properties.AssumeRolePolicyDocument.Statement).toEqual([
          {
            Action: "sts:AssumeRole",
            Effect: "Allow",
            Principal: { Service: expect.stringMatching(/^(lambda|scheduler)\.amazonaws\.com$/) },
            ...(Properties.AssumeRolePolicyDocument.Statement[0].Condition && { Condition: expect.anything() }),
          },
        ])
      }
      expect(all("AWS::IAM::ManagedPolicy")).toEqual([])
    })

    it("allow no action with a wildcard, and one action on every resource", () => {
      const allowed = all("AWS::IAM::Policy")
        .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Properties[])
        .filter(({ Effect }) => Effect === "Allow")
      for (const { Action, NotAction, NotResource } of allowed) {
        expect([NotAction, NotResource]).toEqual([undefined, undefined])
        for (const action of [Action].flat()) expect(action).not.toContain("*")
      }
      const everywhere = allowed.filter(({ Resource }) => [Resource].flat().includes("*"))
      expect(everywhere.map(({ Action }) => Action).toSorted()).toEqual([
        ...jobsOf(stage)
          .filter(([, row]) => streams(row))
          .map(() => "dynamodb:ListStreams"),
        ...authorizers.map(() => "secretsmanager:BatchGetSecretValue"),
      ])
    })
  })

  describe("asynchronous paths", () => {
    const targets = () =>
      all("AWS::Events::Rule").flatMap((rule) =>
        (rule.Properties.Targets as Properties[]).map((target): [Resource, Properties] => [rule, target]),
      )
    const isTopic = ([, { Arn }]: [Resource, Properties]) => flat(Arn).includes(":sns:")
    const jobRules = () => targets().filter((one) => !isTopic(one))

    it("have a source for each job whose row names one", () => {
      const sources = [
        ...jobRules().map(([rule, target]) => templates[stage].target(rule, target.Arn)),
        ...all("AWS::Logs::SubscriptionFilter").map((one) =>
          templates[stage].target(one, one.Properties.DestinationArn),
        ),
        ...all("AWS::Scheduler::Schedule").map((one) => templates[stage].target(one, one.Properties.Target.Arn)),
        ...all("AWS::Lambda::EventSourceMapping").map((one) =>
          templates[stage].target(one, one.Properties.FunctionName),
        ),
      ].map(({ Properties }) => Properties.FunctionName)
      expect(sources.sort()).toEqual(
        jobsOf(stage)
          // A row may name several: each is a member of its own.
          .flatMap(([key, { source }]) => (typeof source === "string" ? [] : Object.keys(source).map(() => key)))
          .map((key) => functionName(stage, `jobs/${key}`))
          .sort(),
      )
      expect(sources).toContain(functionName(stage, "jobs/record-usage"))
    })

    it("none for what IAM guards, but for the deployment, which makes the first administrator with no other Lambda", () => {
      const resource = only("Custom::FirstAdmin")
      expect(templates[stage].target(resource, resource.Properties.ServiceToken)).toBe(
        lambda("jobs/create-first-admin"),
      )
      expect(resource.Properties).toEqual({
        ServiceToken: expect.anything(),
        ServiceTimeout: "300",
        email: stageOf(stage).adminEmail,
      })
      // Its role may do what it needs before CloudFormation invokes it.
      const role = flat(lambda("jobs/create-first-admin").Properties.Role).slice(1).split(".")[0]
      const policy = all("AWS::IAM::Policy").find(({ Properties }) => Properties.Roles[0].Ref === role)
      expect(lambda("jobs/create-first-admin").DependsOn).toContain(policy?.id)
      // Whoever may invoke the operators' jobs has it from IAM: no resource-based policy lets anyone.
      const invoked = all("AWS::Lambda::Permission").map(({ Properties }) => flat(Properties.FunctionName))
      for (const key of ["jobs/create-first-admin", "jobs/issue-admin-token"])
        expect(invoked).not.toContain(`<${lambda(key).id}.Arn>`)
    })

    it("keep what failed in an encrypted queue for two weeks", () => {
      const paths = [...all("AWS::Logs::SubscriptionFilter"), ...all("AWS::Scheduler::Schedule")]
      expect(paths.length).toBeGreaterThan(0)
      for (const path of paths) {
        const { DestinationArn, Target } = path.Properties
        const handler = templates[stage].target(path, DestinationArn ?? Target.Arn)
        const queue = templates[stage].target(handler, handler.Properties.DeadLetterConfig?.TargetArn)
        expect(queue.Type).toBe("AWS::SQS::Queue")
        expect(queue.Properties).toMatchObject({ MessageRetentionPeriod: 14 * 86_400, SqsManagedSseEnabled: true })
        // The scheduler has a queue of its own for what it couldn't even hand over.
        if (Target) expect(templates[stage].target(path, Target.DeadLetterConfig.Arn)).toBe(queue)
      }
    })

    it("tell the alarm topic of the secrets and of what is urgent, and keep in an encrypted queue what could not be told", () => {
      const told = targets().filter(isTopic)
      expect(told.map(([{ Properties }]) => [Properties.Name, Properties.EventBusName ?? "default"])).toEqual(
        expect.arrayContaining([
          [`symbolon-${stage}-secret-changed`, "default"],
          [`symbolon-${stage}-failed-burst`, `symbolon.${stage}`],
          [`symbolon-${stage}-compromised`, `symbolon.${stage}`],
        ]),
      )
      expect(told).toHaveLength(3)
      const topic = only("AWS::SNS::Topic")
      for (const [rule, target] of told) {
        expect(flat(target.Arn)).toBe(
          `arn:<AWS::Partition>:sns:<AWS::Region>:<AWS::AccountId>:${topic.Properties.TopicName}`,
        )
        const queue = templates[stage].target(rule, target.DeadLetterConfig.Arn)
        expect(queue.Properties).toMatchObject({ MessageRetentionPeriod: 14 * 86_400, SqsManagedSseEnabled: true })
        const sends = all("AWS::SQS::QueuePolicy")
          .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Properties[])
          .filter(({ Effect, Resource }) => Effect === "Allow" && flat(Resource) === `<${queue.id}.Arn>`)
        expect(sends.map(({ Sid, Resource, Condition, ...rest }) => ({ ...rest, when: Condition }))).toEqual([
          {
            Action: "sqs:SendMessage",
            Effect: "Allow",
            Principal: { Service: "events.amazonaws.com" },
            when: { ArnEquals: { "aws:SourceArn": { "Fn::GetAtt": [rule.id, "Arn"] } } },
          },
        ])
      }
    })

    it("start a job on the events of its row, from the stage's bus, and keep those that it didn't get", () => {
      const rows = jobsOf(stage).flatMap(([key, { source }]) =>
        typeof source === "object" && "events" in source ? [[key, source.events] as const] : [],
      )
      expect(rows.map(([key]) => key)).toEqual(["apply-expiry-policy", ...(ownPool[stage] ? ["sync-user-pool"] : [])])
      const firstAdmin = only("Custom::FirstAdmin")
      for (const [key, types] of rows) {
        const [rule, target] = jobRules().find(
          ([one, { Arn }]) => templates[stage].target(one, Arn) === lambda(`jobs/${key}`),
        ) as [Resource, Properties]
        expect(rule.Properties).toMatchObject({
          EventBusName: `symbolon.${stage}`,
          EventPattern: { "detail-type": types },
          State: "ENABLED",
        })
        const queue = templates[stage].target(rule, target.DeadLetterConfig.Arn)
        expect(queue.Properties.QueueName).toBe(`symbolon-${stage}-${key}-undone`)
        // Whom the first deployment makes is an event too, and to be heard: by a rule that is there, and may invoke.
        const permission = all("AWS::Lambda::Permission").find(
          ({ Properties }) => flat(Properties.SourceArn) === `<${rule.id}.Arn>`,
        )
        expect(firstAdmin.DependsOn).toEqual(expect.arrayContaining([rule.id, permission?.id]))
      }
    })

    it("leave no queue that nothing fills", () => {
      const fed = [
        ...all("AWS::Lambda::Function").map((one) => [one, one.Properties.DeadLetterConfig?.TargetArn] as const),
        ...all("AWS::Events::Rule").map((one) => [one, one.Properties.Targets[0].DeadLetterConfig.Arn] as const),
      ].flatMap(([from, queue]) => (queue ? [templates[stage].target(from, queue).id] : []))
      expect([...new Set(fed)].sort()).toEqual(
        all("AWS::SQS::Queue")
          .map(({ id }) => id)
          .sort(),
      )
    })

    it("take plain HTTP from nobody", () => {
      const denied = all("AWS::SQS::QueuePolicy").flatMap((policy) =>
        policy.Properties.PolicyDocument.Statement.filter(
          ({ Effect, Condition }: Properties) =>
            Effect === "Deny" && Condition?.Bool?.["aws:SecureTransport"] === "false",
        ).map(({ Resource }: Properties) => templates[stage].target(policy, Resource).id),
      )
      expect(denied.sort()).toEqual(
        all("AWS::SQS::Queue")
          .map(({ id }) => id)
          .sort(),
      )
    })

    it.each([
      ["archive-audit-events", ["AUD#", "MARK#"]],
      ["publish-events", ["AUD#"]],
    ])("hand %s its rows, until the stream forgets them, and name what it forgot", (key, prefixes) => {
      const mapping = all("AWS::Lambda::EventSourceMapping").find(
        (one) => templates[stage].target(one, one.Properties.FunctionName) === lambda(`jobs/${key}`),
      ) as Resource
      const { Properties } = mapping
      expect(JSON.parse(Properties.FilterCriteria.Filters[0].Pattern)).toEqual({
        dynamodb: { Keys: { PK: { S: prefixes.map((prefix) => ({ prefix })) } } },
      })
      expect(Properties).toMatchObject({ StartingPosition: "TRIM_HORIZON", BisectBatchOnFunctionError: true })
      // Neither gives up before the stream does.
      expect([Properties.MaximumRetryAttempts, Properties.MaximumRecordAgeInSeconds]).toEqual([undefined, undefined])
      const queue = templates[stage].target(mapping, Properties.DestinationConfig.OnFailure.Destination)
      expect(queue.Type).toBe("AWS::SQS::Queue")
      const parameters = all("AWS::SSM::Parameter").filter(({ stack }) => stack.endsWith("-data"))
      expect(parameters.map(({ Properties }) => Properties.Name)).toContain(`/symbolon/${stage}/table-stream-arn`)
      expect(templates[stage].stack("jobs").text).toContain(`"Default": "/symbolon/${stage}/table-stream-arn"`)
    })

    it("read the table's stream twice at most: more readers of a shard throttle each other", () => {
      expect(all("AWS::Lambda::EventSourceMapping").length).toBeLessThanOrEqual(2)
    })

    it("hand the authorizer's lines on by one quoted term each, twice, which is all that a log group takes", () => {
      expect(all("AWS::Logs::SubscriptionFilter").map(({ Properties }) => Properties)).toMatchObject(
        [
          { FilterName: "record-usage", FilterPattern: '"token.used"' },
          { FilterName: "watch-refusals", FilterPattern: '"token.refused"' },
        ].map((filter) => ({ ...filter, LogGroupName: `/symbolon/${stage}/authorizer` })),
      )
    })
  })

  describe("data", () => {
    it("retains everything", () => {
      for (const { id, DeletionPolicy, UpdateReplacePolicy } of templates[stage].stack("data").resources)
        expect([id, DeletionPolicy, UpdateReplacePolicy]).toEqual([id, "Retain", "Retain"])
    })

    it("is all that holds data: no other stack has a table or a secret", () => {
      for (const { stack } of [...all("AWS::DynamoDB::GlobalTable"), ...all("AWS::SecretsManager::Secret")])
        expect(stack).toBe(`symbolon-${stage}-data`)
      expect(all("AWS::DynamoDB::Table")).toEqual([])
    })

    it("has a table with recovery, protection, encryption, a stream and TTL", () => {
      const { Properties } = only("AWS::DynamoDB::GlobalTable")
      expect(Properties).toMatchObject({
        TableName: `symbolon-${stage}`,
        BillingMode: "PAY_PER_REQUEST",
        SSESpecification: { SSEEnabled: true },
        StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" },
        TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
      })
      expect(Properties.Replicas).toHaveLength(1)
      expect(Properties.Replicas[0]).toMatchObject({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: {
          PointInTimeRecoveryEnabled: true,
          RecoveryPeriodInDays: recoveryDays[stage],
        },
      })
    })

    it("has an audit archive that is locked from its first object on, private and encrypted", () => {
      const { stack, Properties } = only("AWS::S3::Bucket")
      expect(stack).toBe(`symbolon-${stage}-data`)
      const mode = stage === "prod" ? "COMPLIANCE" : "GOVERNANCE"
      expect(Properties).toMatchObject({
        ObjectLockEnabled: true,
        ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: mode } } },
        VersioningConfiguration: { Status: "Enabled" },
        OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
      })
      expect(Object.values(Properties.PublicAccessBlockConfiguration)).toEqual([true, true, true, true])
      expect(Properties.ObjectLockConfiguration.Rule.DefaultRetention.Days).toBe(
        { local: 1, dev: 30, prod: 365 }[stage],
      )
      const [statement] = only("AWS::S3::BucketPolicy").Properties.PolicyDocument.Statement
      expect(statement).toMatchObject({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } })
    })

    it("has secrets that AWS generates: no template holds a value", () => {
      const secrets = all("AWS::SecretsManager::Secret")
      expect(secrets.map(({ Properties }) => Properties.Name).sort()).toEqual(
        ["cursor", "edge", "keyring"].map((name) => `symbolon-${stage}-${name}`),
      )
      for (const { Properties } of secrets) {
        expect(Object.keys(Properties).sort()).toEqual(["GenerateSecretString", "Name", "Tags"])
        expect(Properties.GenerateSecretString).toMatchObject({ PasswordLength: 64, ExcludePunctuation: true })
        // What the template holds of the keyring is which key mints from when: nothing, to begin with.
        const beside = Properties.GenerateSecretString.SecretStringTemplate
        if (beside) expect(JSON.parse(beside)).toEqual({ mintFrom: {} })
      }
      for (const { text } of templates[stage].stacks) {
        expect(text).not.toMatch(/sym(svc|usr|ses)_[0-9A-Za-z]{18}/)
        expect(text).not.toMatch(/\{\{resolve:|"SecretString"|"NoEcho"|AKIA|ASIA|BEGIN [A-Z ]*PRIVATE KEY/)
      }
    })
  })

  describe("account", () => {
    it("is one stack for all stages, whose role may push logs, and stays when the stack goes", () => {
      const { text, resources } = templates[stage].stack("account")
      expect(text).toBe(templates.prod.stack("account").text)
      expect(text).not.toContain(`symbolon-${stage}`)
      for (const { id, DeletionPolicy } of resources) expect([id, DeletionPolicy]).toEqual([id, "Retain"])
      const [role] = resources.filter(({ Type }) => Type === "AWS::IAM::Role")
      expect(role?.Properties.ManagedPolicyArns.map(flat)).toEqual([
        "arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
      ])
      expect(only("AWS::ApiGateway::Account").Properties.CloudWatchRoleArn).toEqual({
        "Fn::GetAtt": [role?.id, "Arn"],
      })
    })
  })

  describe("web ACL", () => {
    it("stands before the API's stage where the stage wants one, and keeps no sample of a request", () => {
      const acls = all("AWS::WAFv2::WebACL")
      expect(acls).toHaveLength(stage === "prod" ? 1 : 0)
      expect(all("AWS::WAFv2::WebACLAssociation")).toHaveLength(acls.length)
      for (const { Properties, stack } of acls) {
        expect(stack).toBe(`symbolon-${stage}-waf`)
        expect(Properties.Scope).toBe("REGIONAL")
        const rules = Properties.Rules as Properties[]
        expect(rules.map(({ Name }) => Name)).toEqual([
          "AWSManagedRulesAmazonIpReputationList",
          "AWSManagedRulesKnownBadInputsRuleSet",
          "RequestsPerAddress",
        ])
        for (const { VisibilityConfig } of [Properties, ...rules])
          expect(VisibilityConfig).toMatchObject({ SampledRequestsEnabled: false })
      }
      for (const { Properties } of all("AWS::WAFv2::WebACLAssociation"))
        expect(flat(Properties.ResourceArn)).toMatch(
          /^arn:<AWS::Partition>:apigateway:<AWS::Region>::\/restapis\/<\w+>\/stages\/api$/,
        )
    })
  })

  describe("every stack", () => {
    it("has the stage in its name and its resources' tags; the account's has neither", () => {
      for (const { name, resources } of templates[stage].stacks.filter(({ name }) => name !== "symbolon-account")) {
        expect(name).toMatch(new RegExp(`^symbolon-${stage}-[a-z]+$`))
        for (const { Type, Properties } of resources)
          if (["AWS::Lambda::Function", "AWS::DynamoDB::GlobalTable", "AWS::ApiGateway::RestApi"].includes(Type))
            expect(JSON.stringify(Properties)).toContain(`{"Key":"symbolon:stage","Value":"${stage}"}`)
      }
    })

    it("keeps each log group for a time of its own, under the stage's name", () => {
      expect(all("AWS::Logs::LogGroup").length).toBe(functions.length + 2)
      for (const { Properties } of all("AWS::Logs::LogGroup")) {
        expect(Properties.LogGroupName).toMatch(new RegExp(`^/symbolon/${stage}/`))
        expect([Properties.LogGroupName, Properties.RetentionInDays]).toEqual([Properties.LogGroupName, logDays[stage]])
      }
    })

    it("has at most 400 resources", () => {
      for (const { name, resources } of templates[stage].stacks)
        expect([name, resources.length <= 400]).toEqual([name, true])
    })

    it("takes nothing from another stack's outputs: physical names are the seam", () => {
      expect(templates[stage].stacks.map(({ name }) => name).sort()).toEqual(
        expect.arrayContaining(["alarms", "data", "jobs", "service"].map((part) => `symbolon-${stage}-${part}`)),
      )
      for (const { text } of templates[stage].stacks)
        expect(text).not.toMatch(/Fn::ImportValue|Fn::GetStackOutput|"Export"/)
    })
  })

  function logGroup(name: string): Resource {
    const found = all("AWS::Logs::LogGroup").find(({ Properties }) => Properties.LogGroupName === name)
    if (!found) throw new Error(`no log group ${name}`)
    return found
  }

  /** All that a function's role allows and denies, as sorted lines. */
  function statementsOf(handler: Resource): string[] {
    const role = templates[stage].target(handler, handler.Properties.Role)
    return all("AWS::IAM::Policy")
      .filter((policy) => policy.stack === role.stack)
      .filter(({ Properties }) => Properties.Roles.some(({ Ref }: Properties) => Ref === role.id))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement.flatMap(lines) as string[])
      .map((line) => line.replace(/<SsmParameterValue\w*tablestreamarn\w*>/, "<the stream>"))
      .map((line) => line.replace(/<SsmParameterValue\w*userpoolid\w*>/, "<the pool>"))
      .sort()
  }
})

describe("what API Gateway fills in", () => {
  const codes = Object.keys(refusals) as Refusal[]

  it("needs no escaping, since substitution doesn't escape", () => {
    const texts = [...codes, ...codes.map(told).flatMap(({ title, detail }) => [title, detail])]
    for (const text of texts) expect(JSON.stringify(text)).toBe(`"${text}"`)
  })

  it("is nothing that a problem's fixed text could be taken for", () => {
    for (const { title, detail } of [...Object.values(problems), ...codes.map(told)])
      expect(title + detail).not.toMatch(/[$#]/)
  })
})

const variable = /\$context(?:\.\w+)+/g

const allowedInLog = [
  "$context.requestId",
  "$context.extendedRequestId",
  "$context.requestTimeEpoch",
  "$context.identity.sourceIp",
  "$context.authorizer.principalId",
  "$context.authorizer.handle",
  "$context.authorizer.code",
  "$context.httpMethod",
  // The route's template. `$context.path` would be what the caller sent.
  "$context.resourcePath",
  "$context.status",
  "$context.responseLatency",
]

const tableArn = (stage: string) =>
  `arn:<AWS::Partition>:dynamodb:<AWS::Region>:<AWS::AccountId>:table/symbolon-${stage}`
const secretArn = (stage: string, secret: string) =>
  `arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:symbolon-${stage}-${secret}-??????`

/** What each outlet of a row comes to. */
const sending = (stage: string): Record<Outlet, string[]> => {
  const arn = (service: string, rest: string) =>
    `arn:<AWS::Partition>:${service}:<AWS::Region>:<AWS::AccountId>:${rest}`
  const { mailFrom } = stageOf(stage)
  return {
    archive: [
      `Allow s3:PutObject on arn:<AWS::Partition>:s3:::symbolon-${stage}-audit-<AWS::AccountId>-<AWS::Region>/*`,
    ],
    bus: [`Allow events:PutEvents on ${arn("events", `event-bus/symbolon.${stage}`)}`],
    "alarm-topic": [`Allow sns:Publish on ${arn("sns", `symbolon-${stage}-alarms`)}`],
    mail: mailFrom
      ? [
          `Allow ses:SendEmail on ${arn("ses", "*")} if ${JSON.stringify({ StringEquals: { "ses:FromAddress": mailFrom } })}`,
        ]
      : [],
    // On the one pool, by the id that its stack reads from SSM; neither a deletion nor a password.
    "user-pool": [
      "AdminCreateUser",
      "AdminDisableUser",
      "AdminEnableUser",
      "AdminGetUser",
      "AdminUpdateUserAttributes",
      "AdminUserGlobalSignOut",
      "ListUsers",
    ].map((action) => `Allow cognito-idp:${action} on ${arn("cognito-idp", "userpool/<the pool>")}`),
  }
}

const streams = ({ source }: Row): boolean => typeof source === "object" && "tableStream" in source

/** On the stream whose ARN its stack reads from SSM; ListStreams takes no resource. */
const streamReads = [
  ...["DescribeStream", "GetRecords", "GetShardIterator"].map((action) => `Allow dynamodb:${action} on <the stream>`),
  "Allow dynamodb:ListStreams on *",
]

const logLines = ({ Properties }: Resource): string[] =>
  ["logs:CreateLogStream", "logs:PutLogEvents"].map(
    (action) =>
      `Allow ${action} on ${
        Properties.LoggingConfig.LogGroup.Ref
          ? `<${Properties.LoggingConfig.LogGroup.Ref}.Arn>`
          : `arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:${Properties.LoggingConfig.LogGroup}:*`
      }`,
  )

/** The audit trail is append-only. */
const auditDeny = (stage: string): string[] =>
  ["UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete", "PartiQLInsert"].map(
    (action) =>
      `Deny dynamodb:${action} on ${tableArn(stage)} if ${JSON.stringify({
        "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": ["AUD#*"] },
      })}`,
  )

function pathOf(all: Templates, from: Resource, id: Properties): string {
  if (id["Fn::GetAtt"]?.[1] === "RootResourceId") return ""
  const { Properties } = all.target(from, id)
  return `${pathOf(all, from, Properties.ParentId)}/${Properties.PathPart}`
}
