import { readFileSync } from "node:fs"
import { join } from "node:path"

/** A resource of a synthesized template. Its properties still have intrinsics: `resolve` them. */
export interface Resource {
  stack: string
  id: string
  type: string
  properties: Properties
  /** Where its code asset lies, for a Lambda. */
  assetDirectory?: string
}
// biome-ignore lint/suspicious/noExplicitAny: templates are CloudFormation's JSON, whose shape is the resource type's.
export type Properties = Record<string, any>

export const account = "000000000000"
export const region = "us-east-1"

export const arnOf = (service: string, rest: string): string => `arn:aws:${service}:${region}:${account}:${rest}`

const pseudoParameters: Record<string, string> = {
  "AWS::AccountId": account,
  "AWS::Region": region,
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
}

/** A cloud assembly (`cdk.out`) as CloudFormation would see it: its stacks' resources, and what their intrinsics come to. */
export class Assembly {
  readonly resources: Resource[]
  /** By stack and logical id: the name of the SSM parameter whose value a template's parameter takes. */
  private readonly lookups = new Map<string, string>()
  private readonly ssm: Record<string, string>

  /** `ssm`: values of parameters that other stacks have written, by name. */
  constructor(directory: string, ssm: Record<string, string> = {}) {
    this.ssm = ssm
    const read = (file: string) => JSON.parse(readFileSync(join(directory, file), "utf8"))
    const artifacts = Object.values(read("manifest.json").artifacts) as { type: string; properties: Properties }[]
    this.resources = artifacts
      .filter(({ type }) => type === "aws:cloudformation:stack")
      .flatMap(({ properties: { templateFile } }) => {
        const { Resources, Parameters = {} } = read(templateFile) as Record<string, Record<string, Properties>>
        for (const [id, { Type, Default }] of Object.entries(Parameters))
          if (Type === "AWS::SSM::Parameter::Value<String>") this.lookups.set(`${templateFile} ${id}`, Default)
        const { files } = read(templateFile.replace(".template.json", ".assets.json"))
        return Object.entries(Resources ?? {}).map(([id, { Type, Properties }]) => {
          // A Lambda's code is named by its asset's hash, whose folder the assets file knows.
          const asset = files[Properties?.Code?.S3Key?.replace(".zip", "")]
          return {
            stack: templateFile,
            id,
            type: Type,
            properties: Properties ?? {},
            ...(asset && { assetDirectory: join(directory, asset.source.path) }),
          }
        })
      })
  }

  ofType(type: string): Resource[] {
    return this.resources.filter((resource) => resource.type === type)
  }

  /** The properties without intrinsics. Throws for one that isn't known here. */
  resolved(resource: Resource): Properties {
    return this.resolve(resource.stack, resource.properties)
  }

  // biome-ignore lint/suspicious/noExplicitAny: see Properties.
  resolve(stack: string, value: any): any {
    if (value === null || typeof value !== "object") return value
    if (Array.isArray(value)) return value.map((item) => this.resolve(stack, item))
    const [[name, argument] = []] = Object.entries(value)
    if (name === "Ref") return this.reference(stack, argument as string)
    if (name === "Fn::GetAtt") return this.attribute(stack, argument as [string, string])
    if (name === "Fn::Join") {
      const [separator, parts] = argument as [string, unknown]
      return this.resolve(stack, parts).join(separator)
    }
    if (name === "Fn::Select") {
      const [index, list] = argument as [number, unknown]
      return this.resolve(stack, list)[index]
    }
    if (name === "Fn::Split") {
      const [separator, text] = argument as [string, unknown]
      return this.resolve(stack, text).split(separator)
    }
    if (name === "Fn::Sub")
      return String(argument).replaceAll(/\$\{([^}]+)\}/g, (_, parameter) => this.reference(stack, parameter))
    if (name?.startsWith("Fn::")) throw new Error(`${stack}: the local run does not know ${name}`)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.resolve(stack, inner)]))
  }

  private resource(stack: string, id: string): Resource {
    const found = this.resources.find((resource) => resource.stack === stack && resource.id === id)
    if (!found) throw new Error(`${stack} refers to ${id}, which it doesn't have`)
    return found
  }

  private reference(stack: string, id: string): string {
    const pseudo = pseudoParameters[id]
    if (pseudo !== undefined) return pseudo
    const lookup = this.lookups.get(`${stack} ${id}`)
    if (lookup !== undefined) return this.parameter(stack, lookup)
    const { type, properties } = this.resource(stack, id)
    if (type === "AWS::S3::Bucket") return this.resolve(stack, properties.BucketName)
    if (type === "AWS::SecretsManager::Secret" || type === "AWS::SNS::Topic") return this.attribute(stack, [id, "Arn"])
    // Its host is not this machine's: the SDK is told where SQS is.
    if (type === "AWS::SQS::Queue")
      return `https://sqs.${region}.amazonaws.com/${account}/${this.resolve(stack, properties.QueueName ?? id)}`
    const named = properties.FunctionName ?? properties.TableName ?? properties.LogGroupName
    return typeof named === "string" ? named : id
  }

  private parameter(stack: string, name: string): string {
    const own = this.ofType("AWS::SSM::Parameter").find(({ properties }) => properties.Name === name)
    const value = own ? this.resolved(own).Value : this.ssm[name]
    if (value === undefined) throw new Error(`${stack} looks up ${name}, which no stack has written here`)
    return value
  }

  private attribute(stack: string, [id, attribute]: [string, string]): string {
    const { type, properties } = this.resource(stack, id)
    if (type === "AWS::ApiGateway::RestApi") return `${id}.${attribute}`
    // Its label, the time at which the stream began, is the engine's.
    if (attribute === "StreamArn") return `${this.attribute(stack, [id, "Arn"])}/stream/local`
    if (attribute !== "Arn") throw new Error(`${stack}: the local run does not know ${attribute} of ${type}`)
    const name = this.reference.bind(this)
    if (type === "AWS::SQS::Queue") return arnOf("sqs", this.resolve(stack, properties.QueueName ?? id))
    if (type === "AWS::SNS::Topic") return arnOf("sns", this.resolve(stack, properties.TopicName ?? id))
    if (type === "AWS::Lambda::Function") return arnOf("lambda", `function:${name(stack, id)}`)
    if (type === "AWS::Logs::LogGroup") return arnOf("logs", `log-group:${name(stack, id)}:*`)
    if (type === "AWS::SecretsManager::Secret") return secretArn(properties.Name)
    if (type === "AWS::DynamoDB::GlobalTable") return arnOf("dynamodb", `table/${name(stack, id)}`)
    if (type === "AWS::IAM::Role") return `arn:aws:iam::${account}:role/${id}`
    return arnOf(type.split("::")[1]?.toLowerCase() ?? "", id)
  }
}

/** With a suffix as Secrets Manager appends one, of six characters: policies have `-??????` for it. */
export const secretArn = (name: string): string => `arn:aws:secretsmanager:${region}:${account}:secret:${name}-LOCAL0`

/** The name of the Lambda that an ARN, or an API Gateway URI around one, names. */
export function functionNameIn(text: string): string {
  const name = /:function:([^/:]+)/.exec(text)?.[1]
  if (!name) throw new Error(`no Lambda is named in ${text}`)
  return name
}
