import type { TableProps } from "@cloudscape-design/components/table"
import type { User } from "../../shared/contract/objects.ts"
import { roles } from "../../shared/contract/permissions.ts"
import { PageLink } from "../frame/page-link.tsx"
import { paths } from "../paths.ts"
import { LastUsed } from "../shown/token.tsx"
import { UserId, UserStatus } from "../shown/user.tsx"

type Column = TableProps.ColumnDefinition<User>

const columns: Column[] = [
  {
    id: "name",
    header: "Name",
    cell: (user) => <PageLink href={paths.user(user.id)}>{user.name}</PageLink>,
    sortingField: "name",
    isRowHeader: true,
    minWidth: 145,
  },
  { id: "user_id", header: "User ID", cell: (user) => <UserId user={user} />, sortingField: "user_id", minWidth: 205 },
  {
    id: "role",
    header: "Role",
    cell: (user) => user.role,
    // By what it may do, not by name.
    sortingComparator: (a, b) => roles.indexOf(a.role) - roles.indexOf(b.role),
    minWidth: 100,
  },
  { id: "teams", header: "Teams", cell: (user) => user.teams.join(", "), minWidth: 150 },
  {
    id: "status",
    header: "Status",
    cell: (user) => <UserStatus status={user.status} />,
    sortingField: "status",
    minWidth: 130,
  },
]

const lastUsed: Column = {
  id: "last_used",
  header: "Last used",
  cell: (user) => <LastUsed at={user.last_used} />,
  sortingComparator: (a, b) => (a.last_used ?? "").localeCompare(b.last_used ?? ""),
  minWidth: 120,
}

/** `tokensOf` answers how many active service tokens an account has, as far as that is known; absent for whoever may not know. */
export const userColumns = (tokensOf?: (userId: string) => number | undefined): Column[] => [
  ...columns,
  ...(tokensOf
    ? [
        {
          id: "tokens",
          header: "Tokens",
          cell: (user: User) => (user.user_type === "Service" ? (tokensOf(user.user_id) ?? "–") : "–"),
          sortingComparator: (a: User, b: User) => (tokensOf(a.user_id) ?? 0) - (tokensOf(b.user_id) ?? 0),
          minWidth: 100,
        },
      ]
    : []),
  lastUsed,
]
