import { useCollection } from "@cloudscape-design/collection-hooks"
import Box from "@cloudscape-design/components/box"
import Button from "@cloudscape-design/components/button"
import Header from "@cloudscape-design/components/header"
import Pagination from "@cloudscape-design/components/pagination"
import SpaceBetween from "@cloudscape-design/components/space-between"
import Table, { type TableProps } from "@cloudscape-design/components/table"
import type { ReactNode } from "react"
import type { Rows } from "../api/queries.ts"
import { ProblemAlert } from "./problem-alert.tsx"

interface Props<T> {
  heading: string
  description?: string
  actions?: ReactNode
  /** Above the rows; what it chooses is in `rows` already. */
  filter?: ReactNode
  rows: Rows<T>
  columns: TableProps.ColumnDefinition<T>[]
  rowId: (row: T) => string
  /** What a screen reader calls a row. */
  rowName: (row: T) => string
  /** What to do, where there is nothing. */
  empty: ReactNode
  selection?: { rows: readonly T[]; onChange: (rows: T[]) => void }
  /** Beside others on a page, instead of as all of it. */
  embedded?: boolean
  /** The last column stays in view: it has the actions. */
  hasActionsColumn?: boolean
}

const pageSize = 25

/** Rows of the API with sorting and pages, as every list of the console has them. */
export function RowsTable<T>(props: Props<T>) {
  const { rows, columns, rowId, rowName, selection, embedded = false } = props
  const { items, collectionProps, paginationProps } = useCollection(rows.items, {
    sorting: {},
    pagination: { pageSize },
  })
  const count = `(${rows.items.length}${rows.isPartial ? "+" : ""})`
  return (
    <SpaceBetween size="m">
      {rows.error && (
        <ProblemAlert
          error={rows.error}
          header={`${props.heading} could not be loaded`}
          action={<Button onClick={rows.refresh}>Try again</Button>}
        />
      )}
      <Table<T>
        {...collectionProps}
        items={items}
        columnDefinitions={columns}
        trackBy={rowId}
        variant={embedded ? "container" : "full-page"}
        stickyHeader={!embedded}
        enableKeyboardNavigation
        wrapLines
        loading={rows.isLoading}
        loadingText="Loading"
        {...(props.hasActionsColumn && { stickyColumns: { last: 1 } })}
        {...(selection && {
          selectionType: "multi" as const,
          selectedItems: [...selection.rows],
          onSelectionChange: ({ detail }) => selection.onChange(detail.selectedItems),
        })}
        ariaLabels={{
          tableLabel: props.heading,
          selectionGroupLabel: `Select ${props.heading.toLowerCase()}`,
          allItemsSelectionLabel: () => "Select all",
          itemSelectionLabel: (_, row) => rowName(row),
        }}
        header={
          <Header
            variant={embedded ? "h2" : "awsui-h1-sticky"}
            counter={rows.isLoading ? "" : count}
            description={props.description}
            actions={props.actions}
          >
            {props.heading}
          </Header>
        }
        filter={props.filter}
        {...((rows.isPartial || paginationProps.pagesCount > 1) && {
          pagination: <Pages rows={rows} {...paginationProps} />,
        })}
        empty={rows.error ? "" : props.empty}
      />
    </SpaceBetween>
  )
}

type PagesProps = Pick<Parameters<typeof Pagination>[0], "currentPageIndex" | "pagesCount" | "onChange"> & {
  rows: Rows<unknown>
}

const Pages = ({ rows, ...pagination }: PagesProps) => (
  <SpaceBetween direction="horizontal" size="xs" alignItems="center">
    {rows.loadMore && (
      <Button variant="inline-link" onClick={rows.loadMore}>
        Load more
      </Button>
    )}
    <Pagination
      {...pagination}
      openEnd={rows.isPartial}
      ariaLabels={{ nextPageLabel: "Next page", previousPageLabel: "Previous page", pageLabel: (n) => `Page ${n}` }}
    />
  </SpaceBetween>
)

/** Nothing yet, or nothing that the filter lets through: and what to do then. */
export const Empty = ({ title, children }: { title: string; children: ReactNode }) => (
  <Box textAlign="center" margin={{ vertical: "s" }}>
    <SpaceBetween size="s">
      <Box variant="strong">{title}</Box>
      {children}
    </SpaceBetween>
  </Box>
)
