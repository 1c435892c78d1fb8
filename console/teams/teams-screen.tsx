import Button from "@cloudscape-design/components/button"
import ButtonDropdown from "@cloudscape-design/components/button-dropdown"
import type { TableProps } from "@cloudscape-design/components/table"
import { useState } from "react"
import type { Team } from "../../shared/contract/objects.ts"
import { useRows } from "../api/queries.ts"
import { Frame } from "../frame/frame.tsx"
import { PageLink } from "../frame/page-link.tsx"
import { Empty, RowsTable } from "../frame/rows-table.tsx"
import { paths } from "../paths.ts"
import { useMe } from "../session/use-session.ts"
import { Instant } from "../shown/instant.tsx"
import { AddTeam } from "./add-team.tsx"
import { DeleteTeam } from "./delete-team.tsx"

const columns: TableProps.ColumnDefinition<Team>[] = [
  {
    id: "name",
    header: "Name",
    cell: ({ name }) => <PageLink href={`${paths.users}?team=${encodeURIComponent(name)}`}>{name}</PageLink>,
    sortingField: "name",
    isRowHeader: true,
    minWidth: 200,
  },
  { id: "uses", header: "Accounts and datastores", cell: ({ uses }) => uses, sortingField: "uses", minWidth: 180 },
  {
    id: "created_at",
    header: "Created",
    cell: ({ created_at }) => <Instant at={created_at} />,
    sortingField: "created_at",
    minWidth: 180,
  },
]

/** Settings > Teams. Public isn't among them: everyone is in it. */
export function TeamsScreen() {
  const { may } = useMe()
  const rows = useRows("teams/list", {})
  const [isAdding, setAdding] = useState(false)
  const [deleting, setDeleting] = useState<Team>()
  const actions: TableProps.ColumnDefinition<Team> = {
    id: "actions",
    header: "Actions",
    cell: (team) => (
      <ButtonDropdown
        variant="inline-icon"
        expandToViewport
        ariaLabel={`Actions for ${team.name}`}
        items={[
          {
            id: "delete",
            text: "Delete",
            disabled: team.uses > 0,
            disabledReason: "Accounts or datastores belong to it. Take them out first.",
          },
        ]}
        onItemClick={() => setDeleting(team)}
      />
    ),
    minWidth: 90,
  }
  return (
    <Frame trail={[["Settings"], ["Teams"]]}>
      <RowsTable
        heading="Teams"
        description="They decide which datastores an account sees. Public is everyone's, and not listed."
        rows={rows}
        columns={may("users:write") ? [...columns, actions] : columns}
        rowId={({ key }) => key}
        rowName={({ name }) => name}
        hasActionsColumn={may("users:write")}
        actions={
          may("users:write") && (
            <Button variant="primary" onClick={() => setAdding(true)}>
              Add Team
            </Button>
          )
        }
        empty={<Empty title="No teams yet">Add one to give accounts datastores of their own.</Empty>}
      />
      {isAdding && <AddTeam onClose={() => setAdding(false)} />}
      {deleting && <DeleteTeam team={deleting} onClose={() => setDeleting(undefined)} />}
    </Frame>
  )
}
