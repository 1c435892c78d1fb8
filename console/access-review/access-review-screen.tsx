import Button from "@cloudscape-design/components/button"
import Header from "@cloudscape-design/components/header"
import SpaceBetween from "@cloudscape-design/components/space-between"
import { useMutation, useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { Rows } from "../api/queries.ts"
import { download } from "../frame/download.ts"
import { ChoiceFilter } from "../frame/filter-fields.tsx"
import { Frame } from "../frame/frame.tsx"
import { useNotifications } from "../frame/notifications.tsx"
import { RowsTable } from "../frame/rows-table.tsx"
import { useFilters } from "../frame/use-filters.ts"
import { paths } from "../paths.ts"
import { useSession } from "../session/use-session.ts"
import { checklist } from "./checklist.ts"
import { ChecklistShown } from "./checklist-shown.tsx"
import { reviewCsv } from "./export-csv.ts"
import { findingColumns } from "./finding-columns.tsx"
import { type Finding, readReview } from "./read-review.ts"
import { SignOff } from "./sign-off.tsx"

const questions = Object.entries(checklist).map(([value, label]) => ({ value, label }))
const results = [{ value: "all", label: "All" }]

/** The quarterly checklist, answered from what there is; its export, and its sign-off. */
export function AccessReviewScreen() {
  const { client, send } = useSession()
  const { failed } = useNotifications()
  const { filters, field } = useFilters("check", "result")
  const [isSigning, setSigning] = useState(false)
  const { data, error, isLoading, refetch } = useQuery({
    queryKey: ["access-review/get"],
    queryFn: () => readReview(client),
  })
  const csv = useMutation({
    mutationFn: () => reviewCsv(send),
    onSuccess: (text) => download("access-review.csv", "text/csv", text),
    onError: (problem) => failed("The review could not be exported", problem),
  })
  const findings = data?.findings.filter(
    ({ check, result }) =>
      (filters.result === "all" || result === "attention") && (!filters.check || check === filters.check),
  )
  const rows: Rows<Finding> = {
    items: findings ?? [],
    isLoading,
    isPartial: false,
    error,
    refresh: () => void refetch(),
  }
  return (
    <Frame trail={[["Governance", paths.accessReview], ["Access review"]]} contentType="default">
      <SpaceBetween size="l">
        <Header
          variant="h1"
          description="Once a quarter: every service account and every token, against the checklist"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="download" loading={csv.isPending} onClick={() => csv.mutate()}>
                Export CSV
              </Button>
              <Button variant="primary" disabled={!data} onClick={() => setSigning(true)}>
                Sign off
              </Button>
            </SpaceBetween>
          }
        >
          Access review
        </Header>
        {data && <ChecklistShown review={data} onShow={field("check").onChange} />}
        <RowsTable
          heading="Findings"
          rows={rows}
          columns={findingColumns}
          rowId={({ id }) => id}
          rowName={({ account, token, check }) => `${check} ${token?.name ?? account?.user_id ?? ""}`}
          embedded
          filter={
            <div className="filters">
              <ChoiceFilter label="Result" {...field("result")} options={results} none="Needs attention" />
              <ChoiceFilter label="Check" {...field("check")} options={questions} none="All" />
            </div>
          }
          empty="Nothing asks for attention."
        />
      </SpaceBetween>
      {isSigning && data && <SignOff review={data} onClose={() => setSigning(false)} />}
    </Frame>
  )
}
