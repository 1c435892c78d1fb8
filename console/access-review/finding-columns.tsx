import StatusIndicator from "@cloudscape-design/components/status-indicator"
import type { TableProps } from "@cloudscape-design/components/table"
import { PageLink } from "../frame/page-link.tsx"
import { paths } from "../paths.ts"
import { checklist } from "./checklist.ts"
import type { Finding } from "./read-review.ts"

type Column = TableProps.ColumnDefinition<Finding>

export const findingColumns: Column[] = [
  {
    id: "result",
    header: "Result",
    cell: ({ result }) =>
      result === "ok" ? (
        <StatusIndicator wrapText={false}>OK</StatusIndicator>
      ) : (
        <StatusIndicator type="warning" wrapText={false}>
          Attention
        </StatusIndicator>
      ),
    sortingField: "result",
    minWidth: 120,
  },
  {
    id: "account",
    header: "Service account",
    cell: ({ account }) =>
      account ? <PageLink href={paths.user(account.id)}>{account.user_id}</PageLink> : "The whole stage",
    sortingComparator: (a, b) => (a.account?.user_id ?? "").localeCompare(b.account?.user_id ?? ""),
    isRowHeader: true,
    minWidth: 200,
  },
  {
    id: "token",
    header: "Token",
    cell: ({ token }) => token?.name ?? "–",
    sortingComparator: (a, b) => (a.token?.name ?? "").localeCompare(b.token?.name ?? ""),
    minWidth: 160,
  },
  { id: "check", header: "Check", cell: ({ check }) => checklist[check], sortingField: "check", minWidth: 220 },
  { id: "evidence", header: "Evidence", cell: ({ evidence }) => evidence, minWidth: 240 },
]
