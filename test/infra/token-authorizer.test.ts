import { App, Fn, Stack } from "aws-cdk-lib"
import { LambdaIntegration, MockIntegration, RestApi } from "aws-cdk-lib/aws-apigateway"
import { HttpApi, HttpMethod } from "aws-cdk-lib/aws-apigatewayv2"
import { HttpUrlIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations"
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda"
import { afterEach, describe, expect, it } from "vitest"
import { ServiceStack } from "../../infra/service-stack.ts"
import { stages } from "../../infra/stage.ts"
import { TokenAuthorizer, type TokenAuthorizerProps } from "../../infra/token-authorizer.ts"
import { flat, type Properties } from "./templates.ts"

/** The construct in the apps of other teams, as CloudFormation gets to see it. */
const here = { account: "111111111111", region: "eu-central-1" }
const arn = (account = "222222222222", region = "eu-central-1", name = "symbolon-prod-authorizer") =>
  `arn:aws:lambda:${region}:${account}:function:${name}`

const stackOf = (env?: { account?: string; region?: string }) =>
  new Stack(new App({ analyticsReporting: false }), "orders", env && { env })

interface Api {
  stack: Stack
  tokens: TokenAuthorizer
  ofType: (type: string) => Properties[]
}

const finished = (stack: Stack, tokens: TokenAuthorizer): Api => {
  const { template } = (stack.node.root as App).synth().getStackByName("orders")
  const resources = Object.values(template.Resources as Record<string, Properties>)
  return { stack, tokens, ofType: (type) => resources.filter(({ Type }) => Type === type).map((one) => one.Properties) }
}

function aRestApi(props: TokenAuthorizerProps, env?: { account?: string; region?: string }): Api {
  const stack = stackOf(env)
  const tokens = new TokenAuthorizer(stack, "Tokens", props)
  const api = new RestApi(stack, "Api")
  // Asked for once for each method.
  for (const method of ["GET", "POST"])
    api.root.addMethod(method, new MockIntegration(), { authorizer: tokens.forRestApi(api) })
  return finished(stack, tokens)
}

function anHttpApi(props: TokenAuthorizerProps, env?: { account?: string; region?: string }): Api {
  const stack = stackOf(env)
  const tokens = new TokenAuthorizer(stack, "Tokens", props)
  const api = new HttpApi(stack, "Api")
  for (const method of [HttpMethod.GET, HttpMethod.POST])
    api.addRoutes({
      path: "/orders",
      methods: [method],
      integration: new HttpUrlIntegration(`To${method}`, "https://orders.example.com"),
      authorizer: tokens.forHttpApi(api),
    })
  return finished(stack, tokens)
}

const only = (all: Properties[]): Properties => {
  expect(all).toHaveLength(1)
  return all[0] as Properties
}

describe("for a REST API", () => {
  it("asks on every request, with every request, whatever headers it has", () => {
    const authorizer = only(aRestApi({ stage: "prod" }).ofType("AWS::ApiGateway::Authorizer"))
    expect(authorizer).toMatchObject({ Type: "REQUEST", AuthorizerResultTtlInSeconds: 0, IdentitySource: "" })
    expect(authorizer.IdentityValidationExpression).toBeUndefined()
  })

  it("finds the authorizer through SSM, and lets this API's authorizer alone call it", () => {
    const { stack, ofType } = aRestApi({ stage: "prod" })
    const { Parameters } = (stack.node.root as App).synth().getStackByName("orders").template
    expect(Object.values(Parameters as object)).toContainEqual({
      Type: "AWS::SSM::Parameter::Value<String>",
      Default: "/symbolon/prod/authorizer-arn",
    })
    expect(JSON.stringify(Parameters)).not.toContain("http-authorizer")
    const permission = only(ofType("AWS::Lambda::Permission"))
    expect(permission).toMatchObject({ Action: "lambda:InvokeFunction", Principal: "apigateway.amazonaws.com" })
    expect(flat(permission.FunctionName)).toMatch(/^<SsmParameterValuesymbolonprodauthorizerarn\w+>$/)
    expect(flat(permission.SourceArn)).toMatch(
      /^arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<Api\w+>\/authorizers\/<ApiTokenAuthorizer\w+>$/,
    )
  })

  it("answers about credentials and faults as we do, and leaves all else to the API", () => {
    const responses = aRestApi({ stage: "prod" }).ofType("AWS::ApiGateway::GatewayResponse")
    const answers = responses.map(({ ResponseType, StatusCode, ResponseTemplates, ResponseParameters }) => [
      ResponseType,
      StatusCode,
      JSON.parse(ResponseTemplates["application/json"]).type,
      ResponseParameters["gatewayresponse.header.WWW-Authenticate"],
      ResponseParameters["gatewayresponse.header.Content-Type"],
    ])
    const problem = "'application/problem+json'"
    const urn = "urn:symbolon:problem"
    expect(answers.sort()).toEqual([
      [
        "ACCESS_DENIED",
        "401",
        `${urn}:$context.authorizer.code`,
        `'Bearer realm="api", error="invalid_token"'`,
        problem,
      ],
      ["AUTHORIZER_CONFIGURATION_ERROR", "503", `${urn}:auth-unavailable`, undefined, problem],
      ["AUTHORIZER_FAILURE", "503", `${urn}:auth-unavailable`, undefined, problem],
      ["UNAUTHORIZED", "401", `${urn}:authentication-required`, `'Bearer realm="api"'`, problem],
    ])
  })

  it("serves several APIs, each with an authorizer of its own", () => {
    const stack = stackOf()
    const tokens = new TokenAuthorizer(stack, "Tokens", { stage: "prod" })
    const apis = ["One", "Other"].map((id) => new RestApi(stack, id))
    for (const api of apis) api.root.addMethod("GET", new MockIntegration(), { authorizer: tokens.forRestApi(api) })
    expect(finished(stack, tokens).ofType("AWS::ApiGateway::Authorizer")).toHaveLength(2)
  })

  it("takes an API with a Lambda on it, which is called as before", () => {
    const stack = stackOf()
    const tokens = new TokenAuthorizer(stack, "Tokens", { stage: "prod" })
    const api = new RestApi(stack, "Api")
    const handler = new LambdaFunction(stack, "Handler", {
      runtime: Runtime.NODEJS_24_X,
      handler: "index.handler",
      code: Code.fromInline("exports.handler = async () => ({ statusCode: 204 })"),
    })
    api.root.addMethod("GET", new LambdaIntegration(handler), { authorizer: tokens.forRestApi(api) })
    const method = only(finished(stack, tokens).ofType("AWS::ApiGateway::Method"))
    expect(method.AuthorizationType).toBe("CUSTOM")
  })
})

describe("for an HTTP API", () => {
  it("asks on every request, with payload 2.0, and is answered with an IAM policy", () => {
    const { ofType } = anHttpApi({ stage: "prod" })
    const authorizer = only(ofType("AWS::ApiGatewayV2::Authorizer"))
    expect(authorizer).toMatchObject({
      AuthorizerType: "REQUEST",
      AuthorizerPayloadFormatVersion: "2.0",
      AuthorizerResultTtlInSeconds: 0,
      EnableSimpleResponses: false,
    })
    expect(authorizer.IdentitySource ?? []).toEqual([])
    expect(flat(authorizer.AuthorizerUri)).toMatch(
      /^arn:<AWS::Partition>:apigateway:<AWS::Region>:lambda:path\/2015-03-31\/functions\/<SsmParameterValuesymbolonprodhttpauthorizerarn\w+>\/invocations$/,
    )
    const routes = ofType("AWS::ApiGatewayV2::Route")
    expect(routes.map(({ AuthorizationType }) => AuthorizationType)).toEqual(["CUSTOM", "CUSTOM"])
    expect(new Set(routes.map(({ AuthorizerId }) => flat(AuthorizerId))).size).toBe(1)
  })

  it("lets this API's authorizer alone call it", () => {
    const permission = only(anHttpApi({ stage: "prod" }).ofType("AWS::Lambda::Permission"))
    expect(permission.Principal).toBe("apigateway.amazonaws.com")
    expect(flat(permission.FunctionName)).toMatch(/^<SsmParameterValuesymbolonprodhttpauthorizerarn\w+>$/)
    expect(flat(permission.SourceArn)).toMatch(
      /^arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<Api\w+>\/authorizers\/<ApiTokenAuthorizer\w+>$/,
    )
  })
})

describe("in another account", () => {
  const original = stages.prod as (typeof stages)[string]
  afterEach(() => {
    stages.prod = original
  })
  const letIn = (...authorizerAccounts: string[]) => {
    stages.prod = { ...original, authorizerAccounts }
  }

  it.each([
    ["REST", aRestApi, "AWS::ApiGateway::Authorizer", "authorizer"],
    ["HTTP", anHttpApi, "AWS::ApiGatewayV2::Authorizer", "http-authorizer"],
  ] as const)(
    "a %s API names the function by its ARN, and leaves the permission to that account",
    (_, make, type, key) => {
      letIn(here.account)
      for (const env of [here, undefined]) {
        const { ofType, stack } = make({ stage: "prod", authorizerArn: arn() }, env)
        expect(flat(only(ofType(type)).AuthorizerUri)).toContain(
          `/functions/${arn(undefined, undefined, `symbolon-prod-${key}`)}/invocations`,
        )
        expect(ofType("AWS::Lambda::Permission")).toEqual([])
        expect(JSON.stringify((stack.node.root as App).synth().getStackByName("orders").template)).not.toContain(
          "/symbolon/",
        )
      }
    },
  )

  it("is let in by the stage that lists it, to both authorizers, and to nothing else", () => {
    const stage = { ...original, authorizerAccounts: ["333333333333", "444444444444"] }
    const app = new App({ analyticsReporting: false })
    new ServiceStack(app, "service", "prod", stage, {})
    const { Resources } = app.synth().getStackByName("service").template
    const open = Object.values(Resources as Record<string, Properties>)
      .filter(({ Type, Properties: { SourceAccount } }) => Type === "AWS::Lambda::Permission" && SourceAccount)
      .map(({ Properties: { FunctionName, Principal, SourceAccount } }) => {
        const called = Resources[FunctionName["Fn::GetAtt"][0]].Properties.FunctionName
        return `${Principal} of ${SourceAccount} → ${called}`
      })
    expect(open.sort()).toEqual(
      stage.authorizerAccounts.flatMap((account) =>
        ["symbolon-prod-authorizer", "symbolon-prod-http-authorizer"].map(
          (name) => `apigateway.amazonaws.com of ${account} → ${name}`,
        ),
      ),
    )
  })

  it("an ARN that is known at deployment only is taken as it comes", () => {
    const { ofType } = anHttpApi({ stage: "prod", authorizerArn: Fn.importValue("their-authorizer") }, here)
    const uri = JSON.stringify(only(ofType("AWS::ApiGatewayV2::Authorizer")).AuthorizerUri)
    expect(uri).toContain("their-authorizer")
    expect(uri).toContain("symbolon-prod-http-authorizer")
  })

  it("an ARN of one's own account gets its permission as without one", () => {
    const { ofType } = aRestApi({ stage: "prod", authorizerArn: arn(here.account) }, here)
    expect(only(ofType("AWS::Lambda::Permission")).FunctionName).toBe(arn(here.account))
  })

  it.each<[string, Partial<TokenAuthorizerProps>, RegExp]>([
    [
      "that is none",
      { authorizerArn: "symbolon-prod-authorizer" },
      /authorizerArn is no ARN of a function, such as arn:/,
    ],
    ["with a version", { authorizerArn: `${arn()}:3` }, /is no ARN of a function/],
    ["of another service", { authorizerArn: arn().replace("lambda", "s3") }, /is no ARN of a function/],
    ["of another stage", { stage: "dev", authorizerArn: arn() }, /names symbolon-prod-authorizer; .* of stage dev/],
    [
      "of another region",
      { authorizerArn: arn(undefined, "us-east-1") },
      /of region us-east-1, and the stack of eu-central-1/,
    ],
    [
      "of a stage that doesn't let this account in",
      { authorizerArn: arn() },
      /of account 222222222222, .*prod does not let account 111111111111 .*authorizerAccounts in infra\/stage\.ts/,
    ],
  ])("an ARN %s is refused before anything is deployed", (_, props, message) => {
    const authorizer = () => new TokenAuthorizer(stackOf(here), "Tokens", { stage: "prod", ...props })
    expect(authorizer).toThrow(message)
    expect(authorizer).toThrow(/^orders\/Tokens: /)
  })

  it("a stage that isn't in our list may be somebody else's deployment, with a list of its own", () => {
    const elsewhere = { stage: "staging", authorizerArn: arn(undefined, undefined, "symbolon-staging-authorizer") }
    expect(() => aRestApi(elsewhere, here)).not.toThrow()
  })
})

it.each(["", "Prod", "a/b", "*"])("a stage cannot be called %j", (stage) => {
  expect(() => new TokenAuthorizer(stackOf(), "Tokens", { stage })).toThrow(/is not the name of a stage/)
})
