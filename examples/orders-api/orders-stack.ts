import { join } from "node:path"
import { CfnOutput, Stack } from "aws-cdk-lib"
import { EndpointType, LambdaIntegration, RestApi } from "aws-cdk-lib/aws-apigateway"
import { HttpApi, HttpMethod } from "aws-cdk-lib/aws-apigatewayv2"
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations"
import { Architecture, Runtime } from "aws-cdk-lib/aws-lambda"
import { NodejsFunction, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs"
import type { Construct } from "constructs"
import { TokenAuthorizer } from "symbolon/token-authorizer"

/** Orders of another team, behind a REST API and an HTTP API, which take the same tokens and have the same handlers. */
export class OrdersStack extends Stack {
  constructor(scope: Construct, id: string, stage: string) {
    super(scope, id, { description: "An example: an API of another team, behind Symbolon's authorizer" })
    const tokens = new TokenAuthorizer(this, "Tokens", { stage })
    const list = this.handler("list-orders")
    const create = this.handler("create-order")

    const rest = new RestApi(this, "Rest", {
      restApiName: id,
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: false,
    })
    const behindTokens = { authorizer: tokens.forRestApi(rest) }
    const orders = rest.root.addResource("orders")
    orders.addMethod("GET", new LambdaIntegration(list), behindTokens)
    orders.addMethod("POST", new LambdaIntegration(create), behindTokens)

    const http = new HttpApi(this, "Http", { apiName: id })
    const authorizer = tokens.forHttpApi(http)
    const route = (method: HttpMethod, handler: NodejsFunction) =>
      http.addRoutes({
        path: "/orders",
        methods: [method],
        integration: new HttpLambdaIntegration(`${method}Orders`, handler),
        authorizer,
      })
    route(HttpMethod.GET, list)
    route(HttpMethod.POST, create)

    new CfnOutput(this, "RestUrl", { value: rest.url })
    new CfnOutput(this, "HttpUrl", { value: http.apiEndpoint })
  }

  private handler(name: string): NodejsFunction {
    return new NodejsFunction(this, name, {
      entry: join(import.meta.dirname, "handlers", `${name}.ts`),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      bundling: { format: OutputFormat.ESM, minify: true },
    })
  }
}
