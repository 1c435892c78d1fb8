import { type Role, roles } from "../../shared/contract/permissions.ts"

/** What each role may do more than the one before it. */
const mayAlso: Record<Role, string> = {
  Member: "Reads data quality results, views datastores and containers",
  Editor: "Also creates and modifies resources",
  Manager: "Also views all users and teams",
  Admin: "Also manages users and service accounts, configures integrations",
}

/** The least privileged first: that is where to start. */
export const roleOptions = roles.map((role) => ({ value: role, label: role, description: mayAlso[role] }))
