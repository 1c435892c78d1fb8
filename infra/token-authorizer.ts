import { Arn, ArnFormat, Duration, Stack, Token } from "aws-cdk-lib"
import { type IAuthorizer, RequestAuthorizer, type RestApiBase } from "aws-cdk-lib/aws-apigateway"
import {
  AuthorizerPayloadVersion,
  type HttpApi,
  HttpAuthorizer,
  HttpAuthorizerType,
  type IHttpRouteAuthorizer,
} from "aws-cdk-lib/aws-apigatewayv2"
import { ServicePrincipal } from "aws-cdk-lib/aws-iam"
import { type IFunction, Function as LambdaFunction } from "aws-cdk-lib/aws-lambda"
import { StringParameter } from "aws-cdk-lib/aws-ssm"
import { Construct } from "constructs"
import { addCredentialResponses } from "./gateway-responses.ts"
import { type AuthorizerKey, names } from "./names.ts"
import { stages } from "./stage.ts"

export interface TokenAuthorizerProps {
  /** The stage of Symbolon whose tokens count: `prod`. It must be deployed already. */
  stage: string
  /**
   * For an API in another account than that stage: its authorizer's ARN,
   * `arn:aws:lambda:<region>:<account>:function:symbolon-<stage>-authorizer`. Absent: found through SSM, in this account and region.
   */
  authorizerArn?: string
}

/** How an API asks the authorizer: on every request, and with every request. */
export const everyRequest = {
  // No cached result: a revoked token is refused on the very next request.
  resultsCacheTtl: Duration.seconds(0),
  // No identity source: a missing header must reach the authorizer, which answers it like all the rest.
  identitySources: [],
}

/**
 * A deployed Symbolon, as the authorizer of your own APIs (docs/authorizer.md). Throws for an ARN that is none, or of another
 * stage, region, or of an account whose list doesn't have yours; without the stage, the deployment fails on its SSM parameter.
 */
export class TokenAuthorizer extends Construct {
  private readonly stageName: string
  private readonly authorizerArn: string | undefined
  /** In another account we can't let an API call the authorizer: that stage's list of accounts does. */
  private readonly sameAccount: boolean
  private readonly ofRestApis = new Map<RestApiBase, IAuthorizer>()
  private readonly ofHttpApis = new Map<HttpApi, IHttpRouteAuthorizer>()

  constructor(scope: Construct, id: string, { stage, authorizerArn }: TokenAuthorizerProps) {
    super(scope, id)
    if (!Token.isUnresolved(stage) && !/^[a-z0-9][a-z0-9-]*$/.test(stage))
      throw new Error(`${this.node.path}: "${stage}" is not the name of a stage`)
    this.stageName = stage
    this.authorizerArn = authorizerArn
    const account = authorizerArn === undefined ? Stack.of(this).account : this.accountIn(authorizerArn)
    this.sameAccount = account === Stack.of(this).account
  }

  /**
   * The authorizer for the methods of a REST API. **Of the whole API, also of methods without it**, it sets what API Gateway
   * answers when a credential is missing or refused (401) and when it can't be checked (503): the gateway responses UNAUTHORIZED,
   * ACCESS_DENIED, AUTHORIZER_FAILURE and AUTHORIZER_CONFIGURATION_ERROR, which the API must not define itself.
   */
  forRestApi(api: RestApiBase): IAuthorizer {
    const known = this.ofRestApis.get(api)
    if (known) return known
    const handler = this.handler(api, "authorizer")
    const authorizer = new RequestAuthorizer(api, "TokenAuthorizer", { handler, ...everyRequest })
    addCredentialResponses(authorizer, api)
    this.ofRestApis.set(api, authorizer)
    return authorizer
  }

  /**
   * The authorizer for the routes of an HTTP API. AWS answers 403 there to every refusal, a missing credential included, and 500
   * when it can't be checked, with bodies of its own: an HTTP API has no gateway responses.
   */
  forHttpApi(api: HttpApi): IHttpRouteAuthorizer {
    const known = this.ofHttpApis.get(api)
    if (known) return known
    const handler = this.handler(api, "http-authorizer")
    const { partition, region } = Stack.of(api)
    const { authorizerId } = new HttpAuthorizer(api, "TokenAuthorizer", {
      httpApi: api,
      type: HttpAuthorizerType.LAMBDA,
      payloadFormatVersion: AuthorizerPayloadVersion.VERSION_2_0,
      enableSimpleResponses: false,
      authorizerUri: `arn:${partition}:apigateway:${region}:lambda:path/2015-03-31/functions/${handler.functionArn}/invocations`,
      resultsCacheTtl: everyRequest.resultsCacheTtl,
      identitySource: everyRequest.identitySources,
    })
    handler.addPermission("Api", {
      principal: new ServicePrincipal("apigateway.amazonaws.com"),
      sourceArn: Stack.of(api).formatArn({
        service: "execute-api",
        resource: api.apiId,
        resourceName: `authorizers/${authorizerId}`,
      }),
    })
    const authorizer = { bind: () => ({ authorizerId, authorizationType: "CUSTOM" }) }
    this.ofHttpApis.set(api, authorizer)
    return authorizer
  }

  private handler(api: Construct, key: AuthorizerKey): IFunction {
    // What SSM holds is of the stack's own account and region, which CDK can't see: without `sameEnvironment`, it adds no permission.
    return LambdaFunction.fromFunctionAttributes(api, "TokenAuthorizerFunction", {
      functionArn: this.functionArn(api, key),
      sameEnvironment: this.sameAccount,
      skipPermissions: !this.sameAccount,
    })
  }

  private functionArn(api: Construct, key: AuthorizerKey): string {
    const known = names(this.stageName)
    if (this.authorizerArn === undefined)
      return StringParameter.valueForStringParameter(api, known.authorizerParameter(key))
    const stack = Stack.of(api)
    const parts = Arn.split(this.authorizerArn, ArnFormat.COLON_RESOURCE_NAME)
    return Arn.format({ ...parts, resourceName: known.function(key) }, stack)
  }

  /** The account of an ARN that is right, as far as that can be known before the deployment. */
  private accountIn(arn: string): string | undefined {
    if (Token.isUnresolved(arn)) return undefined
    const wrong = (why: string) => new Error(`${this.node.path}: authorizerArn ${why}`)
    const [, region, account, name] = /^arn:aws[a-z-]*:lambda:([a-z0-9-]+):(\d{12}):function:([\w-]+)$/.exec(arn) ?? []
    const expected = names(this.stageName).function("authorizer")
    if (!account)
      throw wrong(`is no ARN of a function, such as arn:aws:lambda:us-east-1:123456789012:function:${expected}`)
    if (name !== expected) throw wrong(`names ${name}; the authorizer of stage ${this.stageName} is ${expected}`)
    const stack = Stack.of(this)
    if (!Token.isUnresolved(stack.region) && region !== stack.region)
      throw wrong(`is of region ${region}, and the stack of ${stack.region}: both must be in one`)
    if (Token.isUnresolved(stack.account) || account === stack.account) return account
    const accounts = stages[this.stageName]?.authorizerAccounts
    if (accounts && !accounts.includes(stack.account))
      throw wrong(
        `is of account ${account}, whose stage ${this.stageName} does not let account ${stack.account} call it: ` +
          "add it to authorizerAccounts in infra/stage.ts, and deploy that stage first",
      )
    return account
  }
}
