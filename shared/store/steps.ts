import type { TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb"
import type { Key } from "./table.ts"

/** A transaction's steps, as the stores write them: what, on which condition, and what to answer when that fails. */

export type Attributes = Record<string, unknown>
type TransactItem = NonNullable<TransactWriteCommandInput["TransactItems"]>[number]

/** One write of a transaction, and the error that answers its failed condition: made from the item as it was found. */
export interface Step {
  write: (tableName: string) => TransactItem
  otherwise: (found: Attributes | undefined) => Error
}

/** What an update does, by attribute name. */
export interface Changes {
  set?: Attributes
  add?: Record<string, number>
  /** Sets an attribute to another one, as it is before this update, plus a number. */
  sum?: Record<string, readonly [attribute: string, plus: number]>
  remove?: readonly string[]
}

/** A condition expression in which `#x` is the attribute x, and `:x` a value. */
export interface Condition {
  expression: string
  values?: Attributes
}

export const where = (expression: string, values: Attributes = {}): Condition => ({ expression, values })
export const exists = where("attribute_exists(#PK)")
export const always = where("")
export const absent = where("attribute_not_exists(#PK)")

type Otherwise = Step["otherwise"]

export const put = <T extends Key>(item: T, condition: Condition, otherwise: Otherwise): Step => ({
  write: (TableName) => ({ Put: { TableName, Item: item as T & Attributes, ...conditional(condition) } }),
  otherwise,
})

export const update = (key: Key, changes: Changes, condition: Condition, otherwise: Otherwise): Step => ({
  write: (TableName) => ({ Update: { TableName, Key: key, ...updating(changes, condition) } }),
  otherwise,
})

export const remove = (key: Key, condition: Condition, otherwise: Otherwise): Step => ({
  write: (TableName) => ({ Delete: { TableName, Key: key, ...conditional(condition) } }),
  otherwise,
})

export const check = (key: Key, condition: Condition, otherwise: Otherwise): Step => ({
  write: (TableName) => ({
    ConditionCheck: { TableName, Key: key, ConditionExpression: condition.expression, ...conditional(condition) },
  }),
  otherwise,
})

/** The expression's own names for attributes: DynamoDB reserves hundreds of words, `name` and `state` among them. */
const namesIn = (expression: string): Record<string, string> =>
  Object.fromEntries([...expression.matchAll(/#(\w+)/g)].map(([alias, attribute]) => [alias, attribute as string]))

const placeholders = (values: Attributes): Attributes =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`:${key}`, value]))

const conditional = ({ expression, values = {} }: Condition) => ({
  ...(expression !== "" && {
    ConditionExpression: expression,
    ExpressionAttributeNames: namesIn(expression),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  }),
  ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: placeholders(values) }),
})

export function updating(
  { set = {}, add = {}, sum = {}, remove = [] }: Changes,
  { expression, values = {} }: Condition,
) {
  const clauses: string[] = []
  const bound: Attributes = { ...values }
  const assign = (attributes: Attributes, prefix: string, join: string) =>
    Object.entries(attributes).map(([attribute, value]) => {
      bound[`${prefix}_${attribute}`] = value
      return `#${attribute}${join}:${prefix}_${attribute}`
    })
  const present = Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined))
  const sums = Object.entries(sum).map(([attribute, [other, plus]]) => {
    bound[`plus_${attribute}`] = plus
    return `#${attribute} = #${other} + :plus_${attribute}`
  })
  const assignments = [...assign(present, "set", " = "), ...sums]
  if (assignments.length > 0) clauses.push(`SET ${assignments.join(", ")}`)
  if (Object.keys(add).length > 0) clauses.push(`ADD ${assign(add, "add", " ").join(", ")}`)
  if (remove.length > 0) clauses.push(`REMOVE ${remove.map((attribute) => `#${attribute}`).join(", ")}`)
  const UpdateExpression = clauses.join(" ")
  return {
    UpdateExpression,
    ...conditional({ expression, values: bound }),
    ExpressionAttributeNames: namesIn(`${UpdateExpression} ${expression}`),
  }
}
