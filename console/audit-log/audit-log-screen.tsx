import Button from "@cloudscape-design/components/button"
import { useState } from "react"
import { events } from "../../shared/contract/events.ts"
import { isProblem } from "../api/problem.ts"
import { useRows } from "../api/queries.ts"
import { ChoiceFilter, TextFilter } from "../frame/filter-fields.tsx"
import { Frame } from "../frame/frame.tsx"
import { Empty, RowsTable } from "../frame/rows-table.tsx"
import { useFilters } from "../frame/use-filters.ts"
import { paths } from "../paths.ts"
import { eventColumns } from "./event-columns.tsx"
import { longest, periods, rangeOf } from "./periods.ts"

const actions = Object.entries(events).map(([value, { says }]) => ({ value, label: value, description: says }))

/** What happened, newest first. */
export function AuditLogScreen() {
  const { filters, field, clear } = useFilters("user_id", "action", "period")
  // The range is kept while the page is: one that moved with each rendering would be another list each time.
  const [now] = useState(Date.now)
  const rows = useRows("audit-events/list", {
    user_id: filters.user_id,
    action: filters.action,
    ...rangeOf(filters.period, now),
  })
  // A user ID that is still being typed is nobody's.
  const isNobody = isProblem(rows.error, "not-found")
  return (
    <Frame trail={[["Governance", paths.accessReview], ["Audit log"]]}>
      <RowsTable
        heading="Audit log"
        description="Who changed what, newest first"
        rows={isNobody ? { ...rows, error: null } : rows}
        columns={eventColumns}
        rowId={({ id }) => id}
        rowName={({ action, at }) => `${action} ${at}`}
        actions={
          <Button iconName="refresh" onClick={rows.refresh}>
            Refresh
          </Button>
        }
        filter={
          <div className="filters">
            <TextFilter label="User ID, in full" {...field("user_id")} />
            <ChoiceFilter label="Action" {...field("action")} options={actions} none="All" filteringType="auto" />
            <ChoiceFilter
              label="Period"
              {...field("period")}
              options={periods}
              none={longest(filters.user_id !== undefined)}
            />
          </div>
        }
        empty={
          <Empty title={isNobody ? "Nobody has this user ID" : "No event matches"}>
            <Button onClick={clear}>Clear the filters</Button>
          </Empty>
        }
      />
    </Frame>
  )
}
