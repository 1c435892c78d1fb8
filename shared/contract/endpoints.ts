import * as z from "zod/mini"
import * as object from "./objects.ts"
import type { Needs } from "./permissions.ts"

/** An action on the table, or on one of its indexes: `Query@list`. What IAM lets this endpoint's Lambda do, and no more. */
export type TableAction =
  | "GetItem"
  | "BatchGetItem"
  | "PutItem"
  | "UpdateItem"
  | "DeleteItem"
  | "ConditionCheckItem"
  | "Query"
  | "Query@list"

export interface Endpoint {
  route: `${"GET" | "POST" | "PUT" | "DELETE"} /${string}`
  /** What its caller must hold. */
  needs: Needs
  /** Who lacks `needs` is let in too, with scope "own". */
  orOwn?: true
  table: readonly TableAction[]
  /** Secrets that it reads. Who only lists never reads the keyring. */
  secrets: readonly ("keyring" | "cursor")[]
  /** A repeat of the same request under the same key makes nothing. */
  idempotencyKey?: "honoured"
  query?: z.ZodMiniType
  body?: z.ZodMiniType
  success: 200 | 201 | 204
  reply?: z.ZodMiniType
}

/**
 * THE table of endpoints. A key is the handler's path under `functions/`, the construct id, the client's call, the test's
 * name. API Gateway routes, grants, pipeline, typed client and tests derive from a row; none of them knows one by name.
 */
export const endpoints = {
  "users/create": {
    route: "POST /users",
    needs: "users:write",
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem"],
    secrets: [],
    idempotencyKey: "honoured",
    body: object.newUser,
    success: 201,
    reply: object.user,
  },
  "users/list": {
    route: "GET /users",
    needs: "users:read",
    table: ["BatchGetItem", "Query@list"],
    secrets: ["cursor"],
    query: z.strictObject({
      ...object.paging,
      user_type: object.filters.userType,
      role: object.filters.role,
      team: object.filters.team,
      q: object.part,
    }),
    success: 200,
    reply: object.page(object.user),
  },
  "users/me": {
    route: "GET /users/me",
    needs: "any",
    table: ["BatchGetItem"],
    secrets: [],
    success: 200,
    reply: object.me,
  },
  "users/get": {
    route: "GET /users/{id}",
    needs: "users:read",
    table: ["GetItem", "BatchGetItem"],
    secrets: [],
    success: 200,
    reply: object.user,
  },
  "users/update": {
    route: "PUT /users/{id}",
    needs: "users:write",
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem"],
    secrets: [],
    body: object.userChanges,
    success: 200,
    reply: object.user,
  },
  "users/revoke-tokens": {
    route: "POST /users/{id}/revoke-tokens",
    needs: "users:write",
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "Query"],
    secrets: [],
    body: object.tokensRevocation,
    success: 200,
    reply: z.strictObject({ revoked: z.int() }),
  },
  "user-tokens/create": {
    route: "POST /user-tokens",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem", "PutItem", "UpdateItem", "ConditionCheckItem"],
    secrets: ["keyring"],
    idempotencyKey: "honoured",
    body: object.newToken,
    success: 201,
    reply: object.issuedToken,
  },
  "user-tokens/list": {
    route: "GET /user-tokens",
    needs: "own",
    table: ["GetItem", "BatchGetItem", "Query@list"],
    secrets: ["cursor"],
    query: z.strictObject({ ...object.paging, user_id: object.userId }),
    success: 200,
    reply: object.page(object.token),
  },
  "user-tokens/list-service": {
    route: "GET /user-tokens/service",
    needs: "users:write",
    table: ["GetItem", "BatchGetItem", "Query", "Query@list"],
    secrets: ["cursor"],
    query: z.strictObject({
      ...object.paging,
      user_id: object.userId,
      status: z.optional(object.tokenStatus),
      flag: z.optional(object.tokenFlag),
      q: object.part,
    }),
    success: 200,
    reply: object.page(object.token),
  },
  "user-tokens/get": {
    route: "GET /user-tokens/{id}",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem"],
    secrets: [],
    success: 200,
    reply: object.token,
  },
  "user-tokens/update": {
    route: "PUT /user-tokens/{id}",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "ConditionCheckItem", "Query"],
    secrets: [],
    body: object.tokenChanges,
    success: 200,
    reply: object.updatedToken,
  },
  "user-tokens/delete": {
    route: "DELETE /user-tokens/{id}",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem", "PutItem", "UpdateItem", "DeleteItem"],
    secrets: [],
    query: z.strictObject({ reason: object.reason }),
    success: 204,
  },
} as const satisfies Record<string, Endpoint>

export type Endpoints = typeof endpoints
export type EndpointKey = keyof Endpoints

type Output<Row, Column extends string> =
  Row extends Record<Column, infer Schema extends z.ZodMiniType> ? z.output<Schema> : undefined
type Input<Row, Column extends string> =
  Row extends Record<Column, infer Schema extends z.ZodMiniType> ? z.input<Schema> : undefined

export type Query<K extends EndpointKey> = Output<Endpoints[K], "query">
export type Body<K extends EndpointKey> = Output<Endpoints[K], "body">
export type Reply<K extends EndpointKey> = Output<Endpoints[K], "reply">
export type QueryInput<K extends EndpointKey> = Input<Endpoints[K], "query">
export type BodyInput<K extends EndpointKey> = Input<Endpoints[K], "body">

/** Rows with the types of their columns forgotten, for the derivations that loop over all of them. */
export const endpointRows = Object.entries(endpoints) as [EndpointKey, Endpoint][]

/** `POST /users/{id}` taken apart. */
export function routeOf({ route }: Endpoint): { method: string; path: string } {
  const [method, path] = route.split(" ") as [string, string]
  return { method, path }
}
