import Alert from "@cloudscape-design/components/alert"
import Button from "@cloudscape-design/components/button"
import SpaceBetween from "@cloudscape-design/components/space-between"
import { useReply, useRows } from "../api/queries.ts"

/** What nobody has used for long, and what will soon be refused, with the way there. Nothing, when there is neither. */
export function AttentionBanner({ onReview }: { onReview: (flag: "unused" | "expiring") => void }) {
  const { data: settings } = useReply("settings/get", {})
  const unused = useFlagged("unused")
  const expiring = useFlagged("expiring")
  // Both at once: what is below moves once.
  if (unused === undefined || expiring === undefined || unused + expiring === 0) return null
  return (
    <Alert type="warning" statusIconAriaLabel="Warning">
      <SpaceBetween size="xs">
        {unused > 0 && (
          <span>
            {count(unused)} not been used for {settings?.unused_days ?? 90} days. Revoke what no integration needs: it
            can be restored.{" "}
            <Button variant="inline-link" onClick={() => onReview("unused")}>
              Review unused tokens
            </Button>
          </span>
        )}
        {expiring > 0 && (
          <span>
            {expiring === 1 ? "1 token expires" : `${expiring} tokens expire`} within {settings?.expiring_days ?? 30}{" "}
            days. Rotate what is still needed.{" "}
            <Button variant="inline-link" onClick={() => onReview("expiring")}>
              Review expiring tokens
            </Button>
          </span>
        )}
      </SpaceBetween>
    </Alert>
  )
}

const count = (tokens: number): string => (tokens === 1 ? "1 token has" : `${tokens} tokens have`)

/** Counted anew as rows change: what is revoked here needs nobody's attention any more. */
function useFlagged(flag: "unused" | "expiring"): number | undefined {
  const { items, isLoading } = useRows("user-tokens/list-service", { flag, status: "active" })
  return isLoading ? undefined : items.filter(({ status, flags }) => status === "active" && flags.includes(flag)).length
}
