import Alert from "@cloudscape-design/components/alert"
import Box from "@cloudscape-design/components/box"
import LiveRegion from "@cloudscape-design/components/live-region"
import type { ReactNode } from "react"
import { explain } from "../api/problem.ts"

interface Props {
  error: unknown
  /** What could not be done; absent: the problem's own title. */
  header?: string
  action?: ReactNode
  /** What to do about it, where that is known better here than from the problem. */
  children?: ReactNode
}

/** A refusal or a fault, in plain words and with the id of its request. */
export function ProblemAlert({ error, header, action, children }: Props) {
  const { title, detail, instance } = explain(error)
  return (
    <LiveRegion assertive>
      <Alert type="error" header={header ?? title} action={action} statusIconAriaLabel="Error">
        {children ?? detail}
        <RequestId instance={instance} />
      </Alert>
    </LiveRegion>
  )
}

export const RequestId = ({ instance }: { instance: string | undefined }) =>
  instance === undefined ? null : (
    <Box variant="small" display="block" color="inherit">
      Request id: {instance}
    </Box>
  )
