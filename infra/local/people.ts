import type { Role } from "../../shared/contract/permissions.ts"

/** A human of the local run, whom its issuer signs in without a password. */
export interface Person {
  /** The issuer's `sub`: the same at every start, or a person bound to it would be somebody else after the next one. */
  subject: string
  email: string
  name: string
  role: Role
}

/** One for each role. The first is the stage's first administrator, named as `create-first-admin` names them. */
export const people: readonly Person[] = [
  { subject: "admin", email: "admin@example.com", name: "Administrator", role: "Admin" },
  { subject: "manager", email: "manager@example.com", name: "Max Manager", role: "Manager" },
  { subject: "editor", email: "editor@example.com", name: "Edda Editor", role: "Editor" },
  { subject: "member", email: "member@example.com", name: "Mia Member", role: "Member" },
]
