import type { Need } from "./needs.ts"
import { matches } from "./policy.ts"
import type { Assembly, Properties, Resource } from "./template.ts"

interface Statement {
  effect: "Allow" | "Deny"
  actions: string[]
  resources: string[]
  /** A pattern list that every leading key, or any of them, must match. */
  all: string[] | undefined
  any: string[] | undefined
  /** The one sender of mail; undefined: whoever. */
  from: string | undefined
}

/** What the role of a Lambda may do, by its policies in the template. An explicit Deny wins, silence denies. */
export class Role {
  /** The Lambda's. */
  readonly name: string
  private readonly statements: Statement[]
  private readonly usedGrants = new Set<string>()

  /** `documents` are free of intrinsics. Throws for what isn't evaluated here. */
  constructor(name: string, documents: Properties[]) {
    this.name = name
    this.statements = documents.flatMap(({ Statement }) => [Statement].flat().map(readStatement))
  }

  /** The first of the needs that is not met; undefined: all are, and their grants count as used. */
  refused(needs: readonly Need[]): Need | undefined {
    const refused = needs.find((need) => !this.allows(need))
    if (!refused) for (const need of needs) this.use(need)
    return refused
  }

  /** Each action that is allowed on each resource of the services that are served here. */
  get granted(): string[] {
    return this.statements
      .filter(({ effect }) => effect === "Allow")
      .flatMap(({ actions, resources }) =>
        actions
          .filter((action) => /^(dynamodb|secretsmanager|s3|events|sns|ses|sqs):|^\*/.test(action))
          .flatMap((action) => resources.map((resource) => this.grant(action, resource))),
      )
  }

  /** Those of `granted` that a request needed. */
  get used(): string[] {
    return [...this.usedGrants]
  }

  private allows(need: Need): boolean {
    const about = this.statements.filter((statement) => isAbout(statement, need))
    return about.some(({ effect }) => effect === "Allow") && !about.some(({ effect }) => effect === "Deny")
  }

  private use(need: Need): void {
    for (const statement of this.statements)
      if (statement.effect === "Allow" && isAbout(statement, need))
        for (const action of statement.actions.filter((one) => matches(one, need.action)))
          for (const resource of statement.resources.filter((one) => matches(one, need.resource)))
            this.usedGrants.add(this.grant(action, resource))
  }

  /** `symbolon-local-users-list dynamodb:Query table/symbolon-local/index/list` */
  private grant(action: string, resource: string): string {
    return `${this.name} ${action} ${resource.split(":").slice(5).join(":") || resource}`
  }
}

function isAbout({ actions, resources, all, any, from }: Statement, need: Need): boolean {
  const { action, resource, leadingKeys, fromAddress } = need
  const isIn = (patterns: string[]) => (text: string) => patterns.some((pattern) => matches(pattern, text))
  return (
    isIn(actions)(action) &&
    isIn(resources)(resource) &&
    // As on AWS: without a leading key, "all" holds and "any" doesn't.
    (!all || leadingKeys.every(isIn(all))) &&
    (!any || leadingKeys.some(isIn(any))) &&
    (!from || fromAddress === from)
  )
}

const known = new Set(["Sid", "Effect", "Action", "Resource", "Condition"])

function readStatement(statement: Properties): Statement {
  const strange = Object.keys(statement).find((key) => !known.has(key))
  if (strange) throw new Error(`the local run does not know ${strange} in a role's policy`)
  const { Effect, Action, Resource, Condition = {} } = statement
  return {
    effect: Effect,
    actions: [Action].flat(),
    resources: [Resource].flat(),
    ...readCondition(Condition),
  }
}

function readCondition(condition: Properties): Pick<Statement, "all" | "any" | "from"> {
  const { "ForAllValues:StringLike": all, "ForAnyValue:StringLike": any, StringEquals: equals, ...others } = condition
  const [operator] = Object.keys(others)
  if (operator) throw new Error(`the local run does not know the condition operator ${operator}`)
  const operand = (operands: Properties | undefined, known: string) => {
    const key = Object.keys(operands ?? {}).find((one) => one !== known)
    if (key) throw new Error(`the local run does not know the condition key ${key}`)
    return operands?.[known]
  }
  const leadingKeys = (operands: Properties | undefined): string[] | undefined =>
    operands && [operand(operands, "dynamodb:LeadingKeys")].flat()
  return { all: leadingKeys(all), any: leadingKeys(any), from: operand(equals, "ses:FromAddress") }
}

/** The role of each Lambda, by function name. */
export function readRoles(assembly: Assembly): Map<string, Role> {
  const [managed] = assembly.ofType("AWS::IAM::ManagedPolicy")
  if (managed) throw new Error(`the local run does not know managed policies, such as ${managed.id}`)
  return new Map(
    assembly.ofType("AWS::Lambda::Function").map((resource) => {
      const { FunctionName, DeadLetterConfig } = assembly.resolved(resource)
      const role = new Role(FunctionName, documentsOf(assembly, resource))
      if (DeadLetterConfig) checkDeadLetters(role, DeadLetterConfig.TargetArn)
      return [FunctionName, role]
    }),
  )
}

/** Lambda itself sends there, by the function's role: the grant is used, and CloudFormation makes no function without it. */
function checkDeadLetters(role: Role, queueArn: string): void {
  if (role.refused([{ action: "sqs:SendMessage", resource: queueArn, leadingKeys: [] }]))
    throw new Error(`${role.name} may not send to its dead-letter queue ${queueArn}`)
}

/** The policies inside the role and those attached to it, of the same stack. */
function documentsOf(assembly: Assembly, { stack, properties }: Resource): Properties[] {
  const id = properties.Role?.["Fn::GetAtt"]?.[0]
  const role = assembly.ofType("AWS::IAM::Role").find((one) => one.stack === stack && one.id === id)
  if (!role) return []
  const { ManagedPolicyArns = [], Policies = [] } = assembly.resolved(role)
  if (ManagedPolicyArns.length > 0) throw new Error(`the local run does not know managed policies, such as ${id}'s`)
  const attached = assembly
    .ofType("AWS::IAM::Policy")
    .filter((policy) => policy.stack === stack && policy.properties.Roles?.some(({ Ref }: Properties) => Ref === id))
    .map((policy) => assembly.resolved(policy))
  return [...Policies, ...attached].map(({ PolicyDocument }) => PolicyDocument)
}
