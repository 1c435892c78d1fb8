import Button from "@cloudscape-design/components/button"
import Container from "@cloudscape-design/components/container"
import Header from "@cloudscape-design/components/header"
import SpaceBetween from "@cloudscape-design/components/space-between"
import StatusIndicator from "@cloudscape-design/components/status-indicator"
import type { ReviewCheck } from "../../shared/contract/review.ts"
import { Instant } from "../shown/instant.tsx"
import { checklist } from "./checklist.ts"
import type { Review } from "./read-review.ts"

interface Props {
  review: Review
  onShow: (check: ReviewCheck["check"]) => void
}

/** The questions with their answers; what needs attention leads to its rows. */
export function ChecklistShown({ review, onShow }: Props) {
  const { findings, accounts, tokens, reviewedAt } = review
  const attention = (check: string): number =>
    findings.filter((one) => one.check === check && one.result === "attention").length
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={
            <>
              {accounts} service accounts, {tokens} tokens, as of <Instant at={reviewedAt} />
            </>
          }
        >
          Checklist
        </Header>
      }
    >
      <SpaceBetween size="xs">
        {(Object.entries(checklist) as [ReviewCheck["check"], string][]).map(([check, question]) => (
          <div key={check}>
            <StatusIndicator type={attention(check) === 0 ? "success" : "warning"}>{question}</StatusIndicator>{" "}
            {attention(check) > 0 && (
              <Button
                variant="inline-link"
                ariaLabel={`${attention(check)} to look at: ${question}`}
                onClick={() => onShow(check)}
              >
                {attention(check)} to look at
              </Button>
            )}
          </div>
        ))}
      </SpaceBetween>
    </Container>
  )
}
