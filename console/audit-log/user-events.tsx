import type { User } from "../../shared/contract/objects.ts"
import { useRows } from "../api/queries.ts"
import { RowsTable } from "../frame/rows-table.tsx"
import { eventColumns } from "./event-columns.tsx"

export function UserEvents({ user: { user_id } }: { user: User }) {
  const rows = useRows("audit-events/list", { user_id })
  return (
    <RowsTable
      heading="Audit events"
      rows={rows}
      columns={eventColumns}
      rowId={({ id }) => id}
      rowName={({ action, at }) => `${action} ${at}`}
      embedded
      empty="Nothing has happened to it."
    />
  )
}
