import Button from "@cloudscape-design/components/button"
import SpaceBetween from "@cloudscape-design/components/space-between"
import { useState } from "react"
import { Frame } from "../frame/frame.tsx"
import { Empty, RowsTable } from "../frame/rows-table.tsx"
import { useFilters } from "../frame/use-filters.ts"
import { useMe } from "../session/use-session.ts"
import { AttentionBanner } from "./attention-banner.tsx"
import { GenerateToken } from "./generate-token.tsx"
import { RevokeTokens } from "./revoke-tokens.tsx"
import { tokenColumns, userColumn } from "./token-columns.tsx"
import { TokenFilters } from "./token-filters.tsx"
import { useTokenMenu } from "./token-menu.tsx"
import { useTokenRows } from "./use-token-rows.ts"

/** Settings > Tokens. */
export function TokensScreen() {
  const { may } = useMe()
  const { filters, field, showOnly, clear } = useFilters("type", "q", "status", "flag")
  const rows = useTokenRows(filters)
  const { menuOf, dialogs } = useTokenMenu()
  const [selectedIds, setSelectedIds] = useState<readonly number[]>([])
  const [dialog, setDialog] = useState<"generate" | "revoke">()
  const [name, ...others] = tokenColumns(menuOf)
  const isFiltered = Object.keys(filters).length > 0
  // As they are now, and only what is to be seen: nobody means a row that a filter has taken away.
  const selected = rows.items.filter(({ id }) => selectedIds.includes(id))
  const revocable = selected.filter(({ active }) => active)
  return (
    <Frame trail={[["Settings"], ["Tokens"]]}>
      <SpaceBetween size="m">
        {may("users:write") && (
          <AttentionBanner onReview={(flag) => showOnly({ type: "service", status: "active", flag })} />
        )}
        <RowsTable
          heading="Tokens"
          description={may("users:write") ? "Of service accounts, and your own" : "Your own: they do what you may do"}
          rows={rows}
          columns={[name as NonNullable<typeof name>, userColumn(may("users:read")), ...others]}
          rowId={({ id }) => String(id)}
          rowName={(token) => token.name}
          hasActionsColumn
          selection={{ rows: selected, onChange: (chosen) => setSelectedIds(chosen.map(({ id }) => id)) }}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button disabled={revocable.length === 0} onClick={() => setDialog("revoke")}>
                Revoke selected
              </Button>
              <Button variant="primary" onClick={() => setDialog("generate")}>
                Generate Token
              </Button>
            </SpaceBetween>
          }
          filter={<TokenFilters field={field} hasTypes={may("users:write")} />}
          empty={
            isFiltered ? (
              <Empty title="No token matches">
                <Button onClick={clear}>Clear the filters</Button>
              </Empty>
            ) : (
              <Empty title="No tokens yet">Generate a token to call the API from a program.</Empty>
            )
          }
        />
      </SpaceBetween>
      {dialogs}
      {dialog === "generate" && <GenerateToken onClose={() => setDialog(undefined)} />}
      {dialog === "revoke" && (
        <RevokeTokens
          tokens={revocable}
          onClose={() => {
            setSelectedIds([])
            setDialog(undefined)
          }}
        />
      )}
    </Frame>
  )
}
