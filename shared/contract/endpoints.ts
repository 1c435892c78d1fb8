// Long because it is one table: a row for each endpoint.
import * as z from "zod/mini"
import * as object from "./objects.ts"
import type { Needs } from "./permissions.ts"
import type { ProblemCode } from "./problems.ts"
import * as review from "./review.ts"

/**
 * An action on the table, or on one of its indexes (`Query@list`), or on rows whose partition keys begin so (`PutItem#JOB`). What IAM
 * lets this endpoint's Lambda do, and no more.
 */
export type TableAction =
  | "GetItem"
  | "BatchGetItem"
  | "PutItem"
  | "PutItem#JOB"
  | "PutItem#MARK"
  | "UpdateItem"
  | "DeleteItem"
  | "ConditionCheckItem"
  | "Query"
  | "Query@list"
  | "Query@idle"
  | "Query@expiry"

export interface Endpoint {
  /** What it does, in a line: for the documents. */
  summary: string
  route: `${"GET" | "POST" | "PUT" | "DELETE"} /${string}`
  /** What its caller must hold. */
  needs: Needs
  /** Who lacks `needs` is let in too, with scope "own". */
  orOwn?: true
  table: readonly TableAction[]
  /** Secrets that it reads. Who only lists never reads the keyring. */
  secrets: readonly ("keyring" | "cursor" | "edge")[]
  /** A repeat of the same request under the same key makes nothing. */
  idempotencyKey?: "honoured" | "required"
  query?: z.ZodMiniType
  body?: z.ZodMiniType
  success: 200 | 201 | 202 | 204
  reply?: z.ZodMiniType
  /** The reply's media type, when it isn't JSON. */
  produces?: "text/html"
  /** Also as text/csv, for an Accept that prefers it. */
  orCsv?: true
  /** Failures of its own, besides those that every endpoint has. */
  problems: readonly ProblemCode[]
}

/**
 * THE table of endpoints. A key is the handler's path under `functions/`, the construct id, the client's call, the test's
 * name. API Gateway routes, grants, pipeline, typed client and tests derive from a row; none of them knows one by name.
 */
export const endpoints = {
  "sign-in/create": {
    summary: "Exchange an ID token of the stage's issuer for a session, whose token is shown once",
    route: "POST /sign-in",
    needs: "nothing",
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "ConditionCheckItem"],
    secrets: ["keyring", "edge"],
    body: object.newSession,
    success: 201,
    reply: object.session,
    problems: ["sign-in-refused"],
  },
  "sign-in/delete": {
    summary: "End the session that this request comes with",
    route: "DELETE /sign-in",
    needs: "any",
    table: ["GetItem", "PutItem", "UpdateItem"],
    secrets: [],
    query: z.strictObject({ reason: object.reason }),
    success: 204,
    problems: ["not-found"],
  },
  "users/create": {
    summary: "Create a service account, or a human",
    route: "POST /users",
    needs: "users:write",
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem"],
    secrets: [],
    idempotencyKey: "honoured",
    body: object.newUser,
    success: 201,
    reply: object.user,
    problems: ["user-id-taken", "email-taken", "idempotency-key-reused", "invalid-idempotency-key"],
  },
  "users/list": {
    summary: "List users and service accounts",
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
    problems: ["invalid-cursor"],
  },
  "users/me": {
    summary: "Show the caller, what it may do, and its token",
    route: "GET /users/me",
    needs: "any",
    table: ["BatchGetItem"],
    secrets: [],
    success: 200,
    reply: object.me,
    problems: [],
  },
  "users/get": {
    summary: "Show a user",
    route: "GET /users/{id}",
    needs: "users:read",
    table: ["GetItem", "BatchGetItem"],
    secrets: [],
    success: 200,
    reply: object.user,
    problems: ["not-found"],
  },
  "users/update": {
    summary: "Change, deactivate or reactivate a user",
    route: "PUT /users/{id}",
    needs: "users:write",
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem"],
    secrets: [],
    body: object.userChanges,
    success: 200,
    reply: object.user,
    problems: ["not-found", "account-deleting", "last-admin", "email-taken", "precondition-failed"],
  },
  "users/revoke-tokens": {
    summary: "Revoke all tokens of a user at once",
    route: "POST /users/{id}/revoke-tokens",
    needs: "users:write",
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "Query"],
    secrets: [],
    body: object.tokensRevocation,
    success: 200,
    reply: z.strictObject({ revoked: z.int() }),
    problems: ["not-found", "account-deleting"],
  },
  "users/impact": {
    summary: "Show what would stop with a user, before it is deactivated",
    route: "GET /users/{id}/impact",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem", "BatchGetItem", "Query"],
    secrets: [],
    success: 200,
    reply: object.impact,
    problems: ["not-found"],
  },
  "users/delete": {
    summary: "Delete a deactivated user, and all of its tokens",
    route: "DELETE /users/{id}",
    needs: "users:write",
    table: ["GetItem", "PutItem", "UpdateItem"],
    secrets: [],
    query: z.strictObject({ reason: object.reason }),
    success: 202,
    problems: ["not-found", "account-active", "account-deleting"],
  },
  "user-tokens/create": {
    summary: "Create a token, which is shown once",
    route: "POST /user-tokens",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem", "PutItem", "UpdateItem", "ConditionCheckItem"],
    secrets: ["keyring"],
    idempotencyKey: "honoured",
    body: object.newToken,
    success: 201,
    reply: object.issuedToken,
    problems: [
      "not-found",
      "token-name-taken",
      "account-inactive",
      "token-quota",
      "token-not-active",
      "personal-tokens-need-a-human",
      "token-already-issued",
      "idempotency-key-reused",
      "invalid-idempotency-key",
    ],
  },
  "user-tokens/list": {
    summary: "List personal tokens",
    route: "GET /user-tokens",
    needs: "own",
    table: ["GetItem", "BatchGetItem", "Query@list"],
    secrets: ["cursor"],
    query: z.strictObject({ ...object.paging, user_id: object.userId }),
    success: 200,
    reply: object.page(object.token),
    problems: ["not-found", "invalid-cursor"],
  },
  "user-tokens/list-service": {
    summary: "List service tokens",
    route: "GET /user-tokens/service",
    needs: "users:write",
    table: ["GetItem", "BatchGetItem", "Query", "Query@list", "Query@idle", "Query@expiry"],
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
    problems: ["not-found", "invalid-cursor"],
  },
  "user-tokens/get": {
    summary: "Show a token",
    route: "GET /user-tokens/{id}",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem"],
    secrets: [],
    success: 200,
    reply: object.token,
    problems: ["not-found"],
  },
  "user-tokens/update": {
    summary: "Revoke or restore a token, or set its networks",
    route: "PUT /user-tokens/{id}",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "ConditionCheckItem", "Query"],
    secrets: [],
    body: object.tokenChanges,
    success: 200,
    reply: object.updatedToken,
    problems: ["not-found", "token-expired", "token-compromised", "account-inactive"],
  },
  "user-tokens/impact": {
    summary: "Show what would stop with a token, before it is revoked",
    route: "GET /user-tokens/{id}/impact",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem", "BatchGetItem", "Query"],
    secrets: [],
    success: 200,
    reply: object.impact,
    problems: ["not-found"],
  },
  "user-tokens/delete": {
    summary: "Delete a revoked token for ever",
    route: "DELETE /user-tokens/{id}",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem", "PutItem", "UpdateItem", "DeleteItem"],
    secrets: [],
    query: z.strictObject({ reason: object.reason }),
    success: 204,
    problems: ["not-found", "token-active"],
  },
  "user-tokens/rotate": {
    summary: "Give a token a second secret, which is shown once and made current by its first use",
    route: "POST /user-tokens/{id}/rotate",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem", "PutItem", "UpdateItem", "ConditionCheckItem"],
    secrets: ["keyring"],
    idempotencyKey: "required",
    body: object.newRotation,
    success: 201,
    reply: object.issuedToken,
    problems: [
      "not-found",
      "insufficient-role",
      "token-not-active",
      "rotation-pending",
      "token-already-issued",
      "idempotency-key-reused",
      "idempotency-key-required",
      "invalid-idempotency-key",
    ],
  },
  "user-tokens/rotate-complete": {
    summary: "End the overlap of a rotation: the old secret is refused from now on",
    route: "POST /user-tokens/{id}/rotate/complete",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem", "PutItem", "UpdateItem"],
    secrets: [],
    body: object.rotationEnd,
    success: 200,
    reply: object.token,
    problems: ["not-found", "no-rotation"],
  },
  "user-tokens/rotate-abort": {
    summary: "Drop the new secret of a rotation before it was used",
    route: "POST /user-tokens/{id}/rotate/abort",
    needs: "users:write",
    orOwn: true,
    table: ["GetItem", "PutItem", "UpdateItem"],
    secrets: [],
    body: object.rotationEnd,
    success: 200,
    reply: object.token,
    problems: ["not-found", "no-rotation"],
  },
  "teams/list": {
    summary: "List teams, by name",
    route: "GET /teams",
    needs: "users:read",
    table: ["BatchGetItem", "Query@list"],
    secrets: ["cursor"],
    query: z.strictObject({ ...object.paging, q: object.part }),
    success: 200,
    reply: object.page(object.team),
    problems: ["invalid-cursor"],
  },
  "teams/create": {
    summary: "Create a team",
    route: "POST /teams",
    needs: "users:write",
    table: ["PutItem"],
    secrets: [],
    body: object.newTeam,
    success: 201,
    reply: object.team,
    problems: ["team-name-taken", "public-team"],
  },
  "teams/delete": {
    summary: "Delete a team that nothing uses",
    route: "DELETE /teams/{key}",
    needs: "users:write",
    table: ["GetItem", "PutItem", "DeleteItem"],
    secrets: [],
    query: z.strictObject({ reason: object.reason }),
    success: 204,
    problems: ["not-found", "team-in-use", "public-team"],
  },
  "datastores/list": {
    summary: "List the datastores of the caller's teams",
    route: "GET /datastores",
    needs: "datastores:read",
    table: ["BatchGetItem", "Query@list"],
    secrets: ["cursor"],
    query: z.strictObject({ ...object.paging, team: object.filters.team, q: object.part }),
    success: 200,
    reply: object.page(object.datastore),
    problems: ["invalid-cursor"],
  },
  "datastores/create": {
    summary: "Create a datastore for one of the caller's teams",
    route: "POST /datastores",
    needs: "resources:write",
    table: ["BatchGetItem", "PutItem", "UpdateItem"],
    secrets: [],
    body: object.newDatastore,
    success: 201,
    reply: object.datastore,
    problems: [],
  },
  "datastores/get": {
    summary: "Show a datastore",
    route: "GET /datastores/{id}",
    needs: "datastores:read",
    table: ["GetItem", "BatchGetItem"],
    secrets: [],
    success: 200,
    reply: object.datastore,
    problems: ["not-found"],
  },
  "datastores/list-containers": {
    summary: "List the containers of a datastore",
    route: "GET /datastores/{id}/containers",
    needs: "datastores:read",
    table: ["GetItem", "Query"],
    secrets: ["cursor"],
    query: z.strictObject({ ...object.paging, q: object.part }),
    success: 200,
    reply: object.page(object.container),
    problems: ["not-found", "invalid-cursor"],
  },
  "datastores/create-container": {
    summary: "Create a container in a datastore",
    route: "POST /datastores/{id}/containers",
    needs: "resources:write",
    table: ["GetItem", "PutItem", "ConditionCheckItem"],
    secrets: [],
    body: object.newContainer,
    success: 201,
    reply: object.container,
    problems: ["not-found"],
  },
  "settings/get": {
    summary: "Show the settings of the stage",
    route: "GET /settings",
    needs: "users:write",
    table: ["GetItem"],
    secrets: [],
    success: 200,
    reply: object.settings,
    problems: [],
  },
  "settings/update": {
    summary: "Change the settings of the stage",
    route: "PUT /settings",
    needs: "users:write",
    table: ["GetItem", "BatchGetItem", "PutItem", "Query@expiry"],
    secrets: [],
    body: object.settingsChanges,
    success: 200,
    reply: object.updatedSettings,
    problems: ["precondition-failed"],
  },
  "settings/impact": {
    summary: "List the tokens that a maximum of days would shorten",
    route: "GET /settings/impact",
    needs: "users:write",
    table: ["GetItem", "BatchGetItem", "Query@expiry"],
    secrets: ["cursor"],
    query: z.strictObject({ ...object.paging, max_expiry_days: object.maxExpiryDays }),
    success: 200,
    reply: object.page(object.shortenedToken),
    problems: ["invalid-cursor"],
  },
  "audit-events/list": {
    summary: "List audit events, newest first",
    route: "GET /audit-events",
    needs: "users:write",
    table: ["GetItem", "BatchGetItem", "Query", "Query@list"],
    secrets: ["cursor"],
    query: z.strictObject({ ...object.paging, ...object.auditFilters }),
    success: 200,
    reply: object.page(object.auditEvent),
    problems: ["not-found", "invalid-cursor"],
  },
  "access-review/get": {
    summary: "Review all service accounts and their tokens",
    route: "GET /access-review",
    needs: "users:write",
    table: ["GetItem", "BatchGetItem", "Query", "Query@list"],
    secrets: ["cursor"],
    query: z.strictObject(review.reviewPaging),
    success: 200,
    reply: review.accessReview,
    orCsv: true,
    problems: ["invalid-cursor"],
  },
  "access-review/sign": {
    summary: "Sign off an access review",
    route: "POST /access-review",
    needs: "users:write",
    table: ["BatchGetItem", "PutItem", "Query", "Query@list"],
    secrets: [],
    body: review.reviewSignature,
    success: 201,
    reply: review.signedReview,
    problems: ["review-stale"],
  },
  "docs/openapi": {
    summary: "The OpenAPI document",
    route: "GET /openapi.json",
    needs: "nothing",
    table: [],
    secrets: [],
    success: 200,
    reply: z.looseObject({ openapi: z.string() }),
    problems: [],
  },
  "docs/asyncapi": {
    summary: "The AsyncAPI document: the events on the bus",
    route: "GET /asyncapi.json",
    needs: "nothing",
    table: [],
    secrets: [],
    success: 200,
    reply: z.looseObject({ asyncapi: z.string() }),
    problems: [],
  },
  "docs/page": {
    summary: "The documentation, as a page",
    route: "GET /docs",
    needs: "nothing",
    table: [],
    secrets: [],
    success: 200,
    reply: z.string(),
    produces: "text/html",
    problems: [],
  },
  "docs/problem": {
    summary: "What a problem means, and what to do",
    route: "GET /problems/{slug}",
    needs: "nothing",
    table: [],
    secrets: [],
    success: 200,
    reply: z.string(),
    produces: "text/html",
    problems: ["not-found"],
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
