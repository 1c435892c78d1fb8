import Box from "@cloudscape-design/components/box"
import type { TableProps } from "@cloudscape-design/components/table"
import type { AuditEvent } from "../../shared/contract/objects.ts"
import { Instant } from "../shown/instant.tsx"
import { changesOf } from "./changes.ts"

type Column = TableProps.ColumnDefinition<AuditEvent>

/** Newest first, as the API has them, and nothing else: so none of these sorts. */
export const eventColumns: Column[] = [
  { id: "at", header: "Time", cell: ({ at }) => <Instant at={at} as="second" />, minWidth: 140 },
  { id: "action", header: "Action", cell: ({ action }) => action, isRowHeader: true, minWidth: 150 },
  { id: "actor", header: "By", cell: ({ actor }) => <Party {...actor} />, minWidth: 165 },
  { id: "subject", header: "On", cell: ({ subject }) => <Party {...subject} />, minWidth: 165 },
  { id: "changes", header: "What changed", cell: (event) => <Changes event={event} />, minWidth: 180 },
  { id: "request", header: "From, request id", cell: (event) => <Request event={event} />, minWidth: 150 },
]

const Code = ({ children }: { children: string }) => (
  <Box variant="code" fontSize="body-s">
    {children}
  </Box>
)

const Party = ({ user_id, handle }: AuditEvent["subject"]) => (
  <>
    <div>{user_id}</div>
    {handle && <Code>{handle}</Code>}
  </>
)

const Request = ({ event: { ip, request_id } }: { event: AuditEvent }) => (
  <>
    <div>{ip}</div>
    <Code>{request_id}</Code>
  </>
)

const Changes = ({ event }: { event: AuditEvent }) => (
  <>
    {changesOf(event).map(({ field, before, after }) => (
      <div key={field}>
        {field}: {before === undefined ? after : `${before} → ${after ?? "none"}`}
      </div>
    ))}
    {event.reason && <i>{`“${event.reason}”`}</i>}
  </>
)
