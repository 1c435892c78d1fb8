import { readFileSync } from "node:fs"
import { join } from "node:path"

// biome-ignore lint/suspicious/noExplicitAny: templates are CloudFormation's JSON, whose shape is the resource type's.
export type Properties = Record<string, any>

export interface Resource {
  stack: string
  id: string
  Type: string
  Properties: Properties
  DependsOn?: string[]
  DeletionPolicy?: string
  UpdateReplacePolicy?: string
}

export interface Stack {
  name: string
  /** The template as it lies in the assembly. */
  text: string
  resources: Resource[]
}

/**
 * The templates of a cloud assembly, read with none of the product's code: what is checked here is what CloudFormation
 * would get.
 */
export class Templates {
  readonly stacks: Stack[]

  constructor(directory: string) {
    const { artifacts } = JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8"))
    this.stacks = Object.entries(artifacts as Record<string, Properties>)
      .filter(([, { type }]) => type === "aws:cloudformation:stack")
      .map(([name, { properties }]) => {
        const text = readFileSync(join(directory, properties?.templateFile), "utf8")
        const resources = Object.entries(JSON.parse(text).Resources as Record<string, Properties>)
        return {
          name,
          text,
          resources: resources.map(([id, one]) => ({ stack: name, id, Properties: {}, ...one }) as unknown as Resource),
        }
      })
  }

  stack(part: string): Stack {
    const found = this.stacks.find(({ name }) => name.endsWith(`-${part}`))
    if (!found) throw new Error(`no stack ${part}`)
    return found
  }

  /** Without the console's: it has a test of its own (console-stack.test.ts), and a function that is CDK's. */
  withoutConsole(): Templates {
    this.stacks.splice(0, this.stacks.length, ...this.stacks.filter(({ name }) => !name.endsWith("-console")))
    return this
  }

  ofType(type: string): Resource[] {
    return this.stacks.flatMap(({ resources }) => resources).filter(({ Type }) => Type === type)
  }

  /** What `Ref` or `Fn::GetAtt` in a resource's own stack names. */
  target(from: Resource, reference: Properties): Resource {
    const id = reference?.Ref ?? reference?.["Fn::GetAtt"]?.[0]
    const found = this.stacks
      .flatMap(({ resources }) => resources)
      .find((one) => one.id === id && one.stack === from.stack)
    if (!found) throw new Error(`${from.id} refers to ${JSON.stringify(reference)}, which ${from.stack} doesn't have`)
    return found
  }
}

/** Intrinsics as text: `<AWS::Region>` for a Ref, `<Table.Arn>` for an attribute, joins joined. */
export function flat(value: unknown): string {
  if (typeof value === "string") return value
  const { Ref, "Fn::GetAtt": attribute, "Fn::Join": join, "Fn::Sub": sub } = (value ?? {}) as Properties
  if (Ref) return `<${Ref}>`
  if (attribute) return `<${attribute.join(".")}>`
  if (join) return join[1].map(flat).join(join[0])
  if (typeof sub === "string") return sub.replaceAll(/\$\{([^}]+)\}/g, "<$1>")
  return JSON.stringify(value)
}

/** An IAM statement as a set of lines, one for each action and resource, however CDK has grouped them. */
export function lines({ Effect, Action, Resource, Condition, ...rest }: Properties): string[] {
  if (Object.keys(rest).some((key) => key !== "Sid")) throw new Error(`unknown in a statement: ${JSON.stringify(rest)}`)
  const condition = Condition ? ` if ${JSON.stringify(Condition)}` : ""
  return [Action]
    .flat()
    .flatMap((action) => [Resource].flat().map((resource) => `${Effect} ${action} on ${flat(resource)}${condition}`))
}
