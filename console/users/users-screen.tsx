import Button from "@cloudscape-design/components/button"
import SpaceBetween from "@cloudscape-design/components/space-between"
import { useState } from "react"
import { roles } from "../../shared/contract/permissions.ts"
import { useRows } from "../api/queries.ts"
import { ChoiceFilter, TextFilter } from "../frame/filter-fields.tsx"
import { Frame } from "../frame/frame.tsx"
import { Empty, RowsTable } from "../frame/rows-table.tsx"
import { useFilters } from "../frame/use-filters.ts"
import { useMe } from "../session/use-session.ts"
import { AddServiceAccount } from "./add-service-account/add-service-account.tsx"
import { AddUser } from "./add-user.tsx"
import { useTokenCounts } from "./use-token-counts.ts"
import { userColumns } from "./user-columns.tsx"

const types = [
  { value: "Service", label: "Service accounts" },
  { value: "User", label: "People" },
] as const
const roleChoices = roles.map((role) => ({ value: role, label: role }))

/** Settings > Users: people and service accounts. */
export function UsersScreen() {
  const { may } = useMe()
  const { filters, field, clear } = useFilters("q", "type", "role", "team")
  const [dialog, setDialog] = useState<"service" | "user">()
  const rows = useRows("users/list", {
    q: filters.q,
    user_type: types.find(({ value }) => value === filters.type)?.value,
    role: roles.find((role) => role === filters.role),
    team: filters.team,
  })
  const teams = useRows("teams/list", {}).items.map(({ name }) => ({ value: name, label: name }))
  const tokensOf = useTokenCounts(may("users:write"))
  const add = (
    <SpaceBetween direction="horizontal" size="xs">
      <Button onClick={() => setDialog("user")}>Add User</Button>
      <Button variant="primary" onClick={() => setDialog("service")}>
        Add Service Account
      </Button>
    </SpaceBetween>
  )
  return (
    <Frame trail={[["Settings"], ["Users"]]}>
      <RowsTable
        heading="Users"
        description="People, and the service accounts of your integrations"
        rows={rows}
        columns={userColumns(tokensOf)}
        rowId={({ id }) => String(id)}
        rowName={(user) => user.name}
        actions={may("users:write") && add}
        filter={
          <div className="filters">
            <TextFilter label="Find by name or user ID" {...field("q")} />
            <ChoiceFilter label="Type" {...field("type")} options={types} none="All" />
            <ChoiceFilter label="Role" {...field("role")} options={roleChoices} none="All" />
            <ChoiceFilter label="Team" {...field("team")} options={teams} none="All" filteringType="auto" />
          </div>
        }
        empty={
          <Empty title="No user matches">
            <Button onClick={clear}>Clear the filters</Button>
          </Empty>
        }
      />
      {dialog === "service" && <AddServiceAccount onClose={() => setDialog(undefined)} />}
      {dialog === "user" && <AddUser onClose={() => setDialog(undefined)} />}
    </Frame>
  )
}
