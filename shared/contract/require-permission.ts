import { type Caller, fromContext } from "./caller.ts"
import { type Permission, permissionsOf, type Role } from "./permissions.ts"
import { problems, problemUrn } from "./problems.ts"

export { type Permission, type Role, roles } from "./permissions.ts"

/** What is read of an event: of a REST API's, or of an HTTP API's in either payload format. */
export interface AuthorizedEvent {
  requestContext: {
    requestId: string
    extendedRequestId?: string | undefined
    /** The authorizer's context; HTTP APIs have it under `lambda` in payload format 2.0. */
    authorizer?: unknown
  }
}

/** Who calls another team's API. */
export interface ApiCaller extends Caller {
  /** Of our vocabulary, by the caller's role. */
  permissions: Permission[]
}

/** What a Lambda behind either kind of API may answer with. */
export interface Forbidden {
  statusCode: 403
  headers: Record<string, string>
  body: string
}

/** One of the two: who calls, or what to answer it with. */
export type Permitted = { caller: ApiCaller; refusal?: undefined } | { caller?: undefined; refusal: Forbidden }

/** Who calls. Throws when the route isn't behind the authorizer. */
export function callerOf(event: AuthorizedEvent): ApiCaller {
  const context = (event.requestContext.authorizer ?? {}) as { lambda?: unknown }
  const caller = fromContext((context.lambda ?? context) as Record<string, unknown>)
  return { ...caller, permissions: permissionsOf(caller.role) }
}

/**
 * Who calls, when its role may do this, else a 403 that the handler returns as it is. `roles` are those that hold a
 * permission of your own (`orders:write`); without them the permission is one of ours. Throws when the route isn't behind the
 * authorizer: a caller that nobody has proven must not pass for one that may.
 */
export function requirePermission(event: AuthorizedEvent, permission: Permission): Permitted
export function requirePermission(event: AuthorizedEvent, permission: string, roles: readonly Role[]): Permitted
export function requirePermission(event: AuthorizedEvent, permission: string, roles?: readonly Role[]): Permitted {
  const caller = callerOf(event)
  const may = roles ? roles.includes(caller.role) : (caller.permissions as string[]).includes(permission)
  return may ? { caller } : { refusal: forbidden(event, permission) }
}

function forbidden({ requestContext }: AuthorizedEvent, permission: string): Forbidden {
  const code = "insufficient-role"
  const instance = requestContext.extendedRequestId ?? requestContext.requestId
  return {
    statusCode: 403,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    },
    body: JSON.stringify({ type: problemUrn(code), ...problems[code], permission, instance }),
  }
}
