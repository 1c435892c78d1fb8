import type { TableProps } from "@cloudscape-design/components/table"
import { type Item, useRows } from "../api/queries.ts"
import { RowsTable } from "../frame/rows-table.tsx"
import { Instant } from "../shown/instant.tsx"
import { Expiration } from "../shown/token.tsx"

type Shortened = Item<"settings/impact">

const columns: TableProps.ColumnDefinition<Shortened>[] = [
  { id: "name", header: "Name", cell: ({ name }) => name, sortingField: "name", isRowHeader: true },
  { id: "user", header: "User", cell: ({ user }) => user.user_id },
  { id: "expiration", header: "Expires now", cell: ({ expiration }) => <Expiration at={expiration} /> },
  { id: "new", header: "Would expire", cell: ({ new_expiration }) => <Instant at={new_expiration} as="day" /> },
]

/** What a shorter life would end sooner: shown before it is saved. */
export const ShortenedTokens = ({ days }: { days: number }) => (
  <RowsTable
    heading="Tokens that this would shorten"
    rows={useRows("settings/impact", { max_expiry_days: String(days) }, days > 0)}
    columns={columns}
    rowId={({ id }) => String(id)}
    rowName={({ name }) => name}
    embedded
    empty="None."
  />
)
