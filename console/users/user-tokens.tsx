import type { User } from "../../shared/contract/objects.ts"
import { useRows } from "../api/queries.ts"
import { Empty, RowsTable } from "../frame/rows-table.tsx"
import { tokenColumns } from "../tokens/token-columns.tsx"
import { useTokenMenu } from "../tokens/token-menu.tsx"

/** Of a service account, or the personal ones of a human. */
export function UserTokens({ user: { user_id, user_type } }: { user: User }) {
  const isService = user_type === "Service"
  const service = useRows("user-tokens/list-service", { user_id }, isService)
  const personal = useRows("user-tokens/list", { user_id }, !isService)
  const { menuOf, dialogs } = useTokenMenu()
  return (
    <>
      <RowsTable
        heading={isService ? "Service tokens" : "Personal tokens"}
        rows={isService ? service : personal}
        columns={tokenColumns(menuOf)}
        rowId={({ id }) => String(id)}
        rowName={({ name }) => name}
        embedded
        hasActionsColumn
        empty={
          <Empty title="No tokens">
            {isService ? "Nothing can call the API as this account yet." : "This person has made none."}
          </Empty>
        }
      />
      {dialogs}
    </>
  )
}
