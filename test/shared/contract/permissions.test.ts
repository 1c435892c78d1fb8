import { describe, expect, test } from "vitest"
import {
  holds,
  type Needs,
  type Permission,
  permissions,
  permissionsOf,
  type Role,
  roles,
  type Scope,
  scopeFor,
} from "../../../shared/contract/permissions.ts"

/** The table of api.md, "Roles", by hand: it never imports what it checks. */
const table: Record<Permission, [member: boolean, editor: boolean, manager: boolean, admin: boolean]> = {
  "results:read": [true, true, true, true],
  "datastores:read": [true, true, true, true],
  "resources:write": [false, true, true, true],
  "users:read": [false, false, true, true],
  "users:write": [false, false, false, true],
  "integrations:write": [false, false, false, true],
}
const columns: Role[] = ["Member", "Editor", "Manager", "Admin"]
const names = Object.keys(table) as Permission[]
const cells = names.flatMap((permission) =>
  columns.map((role, column) => ({ role, permission, held: table[permission][column] as boolean })),
)

test("the roles and the permissions are those of the contract, no more and no fewer", () => {
  expect(roles).toEqual(columns)
  expect(Object.keys(permissions).toSorted()).toEqual(names.toSorted())
})

test.each(cells)("$role holds $permission: $held", ({ role, permission, held }) => {
  expect(holds(role, permission)).toBe(held)
})

test.each<[Role, Permission[]]>([
  ["Member", ["results:read", "datastores:read"]],
  ["Editor", ["results:read", "datastores:read", "resources:write"]],
  ["Manager", ["results:read", "datastores:read", "resources:write", "users:read"]],
  ["Admin", ["results:read", "datastores:read", "resources:write", "users:read", "users:write", "integrations:write"]],
])("%s has exactly the permissions %j", (role, expected) => {
  expect(permissionsOf(role)).toEqual(expected)
})

describe("an unknown role, as a row of the future may hold it", () => {
  test("holds nothing", () => {
    const role = "Owner" as Role
    expect(permissionsOf(role)).toEqual([])
    expect(scopeFor(role, "results:read")).toBeUndefined()
    expect(scopeFor(role, "own")).toBe("own")
  })
})

describe("scopeFor", () => {
  test.each(cells)("$role, needs $permission: all, or 403", ({ role, permission, held }) => {
    expect(scopeFor(role, permission)).toBe(held ? "all" : undefined)
    expect(scopeFor(role, permission, false)).toBe(held ? "all" : undefined)
  })

  test.each(cells)("$role, needs $permission or its own: all, or only its own", ({ role, permission, held }) => {
    expect(scopeFor(role, permission, true)).toBe(held ? "all" : "own")
  })

  test.each<[Needs, Role, Scope]>([
    ["nothing", "Member", "all"],
    ["nothing", "Editor", "all"],
    ["nothing", "Manager", "all"],
    ["nothing", "Admin", "all"],
    ["any", "Member", "all"],
    ["any", "Editor", "all"],
    ["any", "Manager", "all"],
    ["any", "Admin", "all"],
    ["own", "Member", "own"],
    ["own", "Editor", "own"],
    ["own", "Manager", "own"],
    ["own", "Admin", "all"],
  ])("needs %s, as %s: %s, with or without orOwn", (needs, role, scope) => {
    expect(scopeFor(role, needs)).toBe(scope)
    expect(scopeFor(role, needs, true)).toBe(scope)
  })
})
