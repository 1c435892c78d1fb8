import { type Role, roles } from "./permissions.ts"

/** Who calls, as the authorizer has proven it. Endpoints of ours and of other teams read it from the event. */
export interface Caller {
  accountId: number
  userId: string
  userType: "Service" | "User"
  role: Role
  /** Team keys; `public` is implied. */
  teams: string[]
  tokenId: number
  handle: string
  clientAddress: string
  /** When its token ends, in epoch milliseconds; undefined: never. */
  expiresAt?: number | undefined
}

/** The authorizer's context: API Gateway carries strings, numbers and booleans, and hands all of them on as strings. */
export const toContext = (
  account: Pick<Caller, "userId" | "userType" | "role" | "teams"> & { id: number },
  token: { id: number; expiresAt?: number | undefined },
  handle: string,
  clientAddress: string,
) => ({
  accountId: account.id,
  userId: account.userId,
  userType: account.userType,
  role: account.role,
  // A team's key has no comma: [a-z0-9_].
  teams: account.teams.join(","),
  tokenId: token.id,
  handle,
  clientAddress,
  // Left out on the way where there is none.
  expiresAt: token.expiresAt,
})

/** Reads the caller back from `event.requestContext.authorizer`. Throws when it isn't our authorizer's context. */
export function fromContext(context: Record<string, unknown> | null | undefined): Caller {
  const text = (key: string): string => {
    const value = context?.[key]
    if (value === undefined || value === null) throw new Error(`the authorizer's context has no ${key}`)
    return String(value)
  }
  const role = roles.find((known) => known === text("role"))
  if (!role) throw new Error("the authorizer's context has an unknown role")
  return {
    accountId: Number(text("accountId")),
    userId: text("userId"),
    userType: text("userType") === "User" ? "User" : "Service",
    role,
    // An empty value may be left out on the way.
    teams: String(context?.teams ?? "")
      .split(",")
      .filter(Boolean),
    tokenId: Number(text("tokenId")),
    handle: text("handle"),
    clientAddress: text("clientAddress"),
    ...(context?.expiresAt !== undefined && { expiresAt: Number(context.expiresAt) }),
  }
}
