/** The permission vocabulary, the four roles, and the one rule that compares them (docs: README, "Roles"). */

export const roles = ["Member", "Editor", "Manager", "Admin"] as const
export type Role = (typeof roles)[number]

/**
 * Who holds what. `results:read` and `integrations:write` guard nothing in this API:
 * they are vocabulary for other teams' APIs that trust our authorizer.
 */
export const permissions = {
  "results:read": ["Member", "Editor", "Manager", "Admin"],
  "datastores:read": ["Member", "Editor", "Manager", "Admin"],
  "resources:write": ["Editor", "Manager", "Admin"],
  "users:read": ["Manager", "Admin"],
  "users:write": ["Admin"],
  "integrations:write": ["Admin"],
} as const satisfies Record<string, readonly Role[]>
export type Permission = keyof typeof permissions

/** What a row of the endpoint table asks of its caller. Opening a route to everyone is written out: `"nothing"`. */
export type Needs = Permission | "any" | "own" | "nothing"

/** How far a permitted caller sees: every row, or only what is its own. What isn't the caller's is 404, never 403. */
export type Scope = "all" | "own"

export const permissionsOf = (role: Role): Permission[] =>
  (Object.keys(permissions) as Permission[]).filter((permission) => holds(role, permission))

export const holds = (role: Role, permission: Permission): boolean =>
  (permissions[permission] as readonly Role[]).includes(role)

/**
 * The one rule. Answers the scope a role is permitted for a row's `needs`, or undefined: refuse with 403.
 * `"own"` widens to all for whoever holds `users:write`, since administrators see everyone's tokens.
 */
export function scopeFor(role: Role, needs: Needs, orOwn = false): Scope | undefined {
  if (needs === "nothing" || needs === "any") return "all"
  if (needs === "own") return holds(role, "users:write") ? "all" : "own"
  if (holds(role, needs)) return "all"
  return orOwn ? "own" : undefined
}
