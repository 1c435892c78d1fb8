import { type Assembly, functionNameIn, type Properties, type Resource } from "./template.ts"

/** The REST API of the template: what the gateway serves. No route is known from anywhere else. */
export interface Api {
  id: string
  stage: string
  accessLog: { format: string; logGroup: string } | undefined
  routes: Route[]
  responses: Map<string, GatewayResponse>
}

export interface Route {
  method: string
  /** `/users/{id}` */
  resource: string
  pattern: RegExp
  parameters: string[]
  integration: string
  authorizer: string | undefined
}

export interface GatewayResponse {
  status: number | undefined
  template: string
  headers: Record<string, string>
}

/** Throws for what the local gateway couldn't serve as AWS would: it is better not to start than to differ. */
export function readApi(assembly: Assembly): Api {
  const [api, ...others] = assembly.ofType("AWS::ApiGateway::RestApi")
  if (!api || others.length > 0) throw new Error("the template must have exactly one REST API")
  const [stageResource] = assembly.ofType("AWS::ApiGateway::Stage")
  const stage = stageResource && assembly.resolved(stageResource)
  if (!stage) throw new Error("the REST API has no stage")
  return {
    id: api.id,
    stage: stage.StageName,
    accessLog: stage.AccessLogSetting && {
      format: stage.AccessLogSetting.Format,
      logGroup: /log-group:([^:]+)/.exec(stage.AccessLogSetting.DestinationArn)?.[1] ?? "",
    },
    routes: assembly
      .ofType("AWS::ApiGateway::Method")
      .map((method) => readRoute(assembly, method))
      // A literal part wins over a parameter: /users/me over /users/{id}.
      .sort((a, b) => a.parameters.length - b.parameters.length),
    responses: new Map(
      assembly.ofType("AWS::ApiGateway::GatewayResponse").map((resource) => readResponse(assembly.resolved(resource))),
    ),
  }
}

function readRoute(assembly: Assembly, method: Resource): Route {
  const { HttpMethod, AuthorizationType, AuthorizerId, Integration } = method.properties
  const resource = pathOf(assembly, method.stack, method.properties.ResourceId)
  if (Integration.Type !== "AWS_PROXY") throw new Error(`${HttpMethod} ${resource} is no Lambda proxy integration`)
  if (HttpMethod === "ANY" || resource.includes("+}")) throw new Error(`${HttpMethod} ${resource} is not known locally`)
  const parameters = [...resource.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string)
  return {
    method: HttpMethod,
    resource,
    pattern: new RegExp(`^${resource.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "([^/]+)")}$`),
    parameters,
    integration: functionNameIn(assembly.resolve(method.stack, Integration.Uri)),
    authorizer: AuthorizationType === "CUSTOM" ? authorizerOf(assembly, method.stack, AuthorizerId.Ref) : undefined,
  }
}

function authorizerOf(assembly: Assembly, stack: string, id: string): string {
  const resource = assembly.ofType("AWS::ApiGateway::Authorizer").find((one) => one.id === id && one.stack === stack)
  if (!resource) throw new Error(`the template has no authorizer ${id}`)
  const { Type, AuthorizerResultTtlInSeconds, IdentitySource, AuthorizerUri } = assembly.resolved(resource)
  if (Type !== "REQUEST" || AuthorizerResultTtlInSeconds !== 0 || IdentitySource)
    throw new Error(`${id} must be a REQUEST authorizer with a result TTL of 0 and no identity source`)
  return functionNameIn(AuthorizerUri)
}

function pathOf(assembly: Assembly, stack: string, id: Properties): string {
  if (id["Fn::GetAtt"]) return ""
  const found = assembly.ofType("AWS::ApiGateway::Resource").find((one) => one.id === id.Ref && one.stack === stack)
  if (!found) throw new Error(`the template has no API resource ${id.Ref}`)
  return `${pathOf(assembly, stack, found.properties.ParentId)}/${found.properties.PathPart}`
}

function readResponse({
  ResponseType,
  StatusCode,
  ResponseParameters,
  ResponseTemplates,
}: Properties): [string, GatewayResponse] {
  const prefix = "gatewayresponse.header."
  const headers = Object.entries((ResponseParameters ?? {}) as Record<string, string>)
    .filter(([name]) => name.startsWith(prefix))
    // A static value stands in single quotes.
    .map(([name, value]) => [name.slice(prefix.length), value.replaceAll(/^'|'$/g, "")] as const)
  return [
    ResponseType,
    {
      status: StatusCode && Number(StatusCode),
      template: ResponseTemplates?.["application/json"] ?? '{"message":$context.error.messageString}',
      headers: Object.fromEntries(headers),
    },
  ]
}
