import StatusIndicator from "@cloudscape-design/components/status-indicator"
import { useReply } from "../api/queries.ts"
import { Frame } from "../frame/frame.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { PolicyForm } from "./policy-form.tsx"

/** Settings > Token policy. */
export function PolicyScreen() {
  const { data, error } = useReply("settings/get", {})
  return (
    <Frame trail={[["Settings"], ["Token policy"]]} contentType="default">
      {data && <PolicyForm settings={data} />}
      {!data && !error && <StatusIndicator type="loading">Loading</StatusIndicator>}
      {error && <ProblemAlert error={error} header="The policy could not be loaded" />}
    </Frame>
  )
}
