import type { TableProps } from "@cloudscape-design/components/table"
import type { ReactNode } from "react"
import type { Token } from "../../shared/contract/objects.ts"
import { PageLink } from "../frame/page-link.tsx"
import { paths } from "../paths.ts"
import { Expiration, Flags, LastUsed, statusText, TokenStatus } from "../shown/token.tsx"
import { UserId } from "../shown/user.tsx"

type Column = TableProps.ColumnDefinition<Token>

const name: Column = {
  id: "name",
  header: "Name",
  cell: (token) => token.name,
  sortingField: "name",
  isRowHeader: true,
  minWidth: 130,
}
const status: Column = {
  id: "status",
  header: "Status",
  cell: (token) => <TokenStatus status={token.status} />,
  sortingComparator: (a, b) => statusText(a.status).localeCompare(statusText(b.status)),
  minWidth: 120,
}
/** What never expires comes last, and what was never used first. */
const expiration: Column = {
  id: "expiration",
  header: "Expiration",
  cell: (token) => <Expiration at={token.expiration} />,
  sortingComparator: (a, b) => (a.expiration ?? "9").localeCompare(b.expiration ?? "9"),
  minWidth: 130,
}
const lastUsed: Column = {
  id: "last_used",
  header: "Last used",
  cell: (token) => <LastUsed at={token.last_used} />,
  sortingComparator: (a, b) => (a.last_used ?? "").localeCompare(b.last_used ?? ""),
  minWidth: 120,
}
const flags: Column = { id: "flags", header: "Flags", cell: (token) => <Flags token={token} />, minWidth: 140 }

export const tokenColumns = (menuOf: (token: Token) => ReactNode): Column[] => [
  name,
  status,
  expiration,
  lastUsed,
  flags,
  { id: "actions", header: "Actions", cell: menuOf, minWidth: 80 },
]

/** Whose it is: a link, for whoever may open users' pages. */
export const userColumn = (mayOpen: boolean): Column => ({
  id: "user",
  header: "User",
  cell: ({ user }) =>
    mayOpen ? (
      <PageLink href={paths.user(user.id)}>
        <UserId user={user} />
      </PageLink>
    ) : (
      <UserId user={user} />
    ),
  sortingComparator: (a, b) => a.user.user_id.localeCompare(b.user.user_id),
  minWidth: 200,
})
