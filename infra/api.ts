import { RemovalPolicy, Stack } from "aws-cdk-lib"
import {
  AccessLogFormat,
  AuthorizationType,
  EndpointType,
  type IAuthorizer,
  LambdaIntegration,
  LogGroupLogDestination,
  type MethodDeploymentOptions,
  MethodLoggingLevel,
  RestApi,
} from "aws-cdk-lib/aws-apigateway"
import { LogGroup } from "aws-cdk-lib/aws-logs"
import { Construct } from "constructs"
import { endpointRows, routeOf } from "../shared/contract/endpoints.ts"
import { acknowledge } from "./acknowledge.ts"
import { ServiceFunction } from "./function.ts"
import { addGatewayResponses } from "./gateway-responses.ts"
import { names } from "./names.ts"
import { signInEnvironment } from "./sign-in.ts"
import type { Stage } from "./stage.ts"

/** The REST API: for each row of the endpoint table a Lambda, its grants, its route. */
export class Api extends Construct {
  readonly restApiId: string
  /** With the base path, as callers use it. */
  readonly url: string

  constructor(scope: Construct, id: string, stageName: string, stage: Stage, authorizer: IAuthorizer) {
    super(scope, id)
    const accessLog = new LogGroup(this, "AccessLog", {
      logGroupName: names(stageName).logGroup("access"),
      retention: stage.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const api = new RestApi(this, "Rest", {
      restApiName: names(stageName).api,
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: false,
      deployOptions: {
        stageName: "api",
        throttlingRateLimit: stage.throttle.rate,
        throttlingBurstLimit: stage.throttle.burst,
        methodOptions: openMethods(stage),
        ...quiet,
        accessLogDestination: new LogGroupLogDestination(accessLog),
        accessLogFormat: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
      },
    })
    this.restApiId = api.restApiId
    const { region, urlSuffix } = Stack.of(this)
    this.url = `https://${api.restApiId}.execute-api.${region}.${urlSuffix}/${api.deploymentStage.stageName}`
    addGatewayResponses(api)
    for (const [key, row] of endpointRows) {
      const { method, path } = routeOf(row)
      const handler = new ServiceFunction(this, key, {
        stageName,
        stage,
        key,
        memory: 512,
        timeoutSeconds: 15,
        table: row.table,
        secrets: row.secrets,
        environment: { SERVICE_EMAIL: stage.serviceEmail, ...signInEnvironment(this, stageName, stage) },
      })
      const route = api.root
        .resourceForPath(path)
        .addMethod(
          method,
          new LambdaIntegration(handler, { allowTestInvoke: false }),
          row.needs === "nothing" ? {} : { authorizer, authorizationType: AuthorizationType.CUSTOM },
        )
      if (row.needs === "nothing")
        acknowledge(route, { "AwsSolutions-APIG4": "The endpoint table opens this route to everyone, in writing." })
    }
    acknowledge(api, {
      "AwsSolutions-APIG2": "The endpoint pipeline validates every request, with answers that say what is wrong where.",
      "AwsSolutions-APIG3": "A web ACL is the deployer's choice: tokens are not guessable, and throttling is on.",
      "AwsSolutions-APIG6": "Execution logs can hold bodies, new tokens included. The access log has what is needed.",
      "AwsSolutions-COG4":
        "Callers hold tokens of our own, which our authorizer verifies; a user pool signs in humans only, who then get one.",
    })
  }
}

/** Execution logs and data traces would hold bodies, new tokens included. */
const quiet = { loggingLevel: MethodLoggingLevel.OFF, dataTraceEnabled: false }

/** What anyone may call, without a token, at a tenth of the stage's rate: a refused sign-in costs a transaction, whoever sent it. */
const openMethods = ({ throttle: { rate, burst } }: Stage): Record<string, MethodDeploymentOptions> =>
  Object.fromEntries(
    endpointRows
      .filter(([, { needs }]) => needs === "nothing")
      .map(([, row]) => {
        const { method, path } = routeOf(row)
        const tenth = { throttlingRateLimit: rate / 10, throttlingBurstLimit: Math.ceil(burst / 10) }
        return [`${path}/${method}`, { ...quiet, ...tenth }]
      }),
  )

/** Ids and the route's template only: a path, query or user agent can hold a secret. `$context.error.message` never. */
const accessLogFields = {
  requestId: "$context.requestId",
  instance: "$context.extendedRequestId",
  time: "$context.requestTimeEpoch",
  ip: "$context.identity.sourceIp",
  principal: "$context.authorizer.principalId",
  handle: "$context.authorizer.handle",
  refusal: "$context.authorizer.code",
  method: "$context.httpMethod",
  route: "$context.resourcePath",
  status: "$context.status",
  latencyMilliseconds: "$context.responseLatency",
}
