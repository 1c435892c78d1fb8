import Alert from "@cloudscape-design/components/alert"
import Button from "@cloudscape-design/components/button"
import SpaceBetween from "@cloudscape-design/components/space-between"
import { isProblem } from "../api/problem.ts"
import { AttemptProblem } from "../frame/attempt-problem.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"

interface Props {
  error: Error | null
  isLost: boolean
  isPending: boolean
  onReplace: () => void
}

/** Why there is no secret to show, and what to do. What is wrong with a field is told there. */
export function IssueProblem({ error, isLost, isPending, onReplace }: Props) {
  if (isLost)
    return (
      <SpaceBetween size="m">
        <Alert
          type="warning"
          statusIconAriaLabel="Warning"
          header="The token was made, but its answer was lost on the way"
          action={
            <Button onClick={onReplace} loading={isPending}>
              Replace it
            </Button>
          }
        >
          A token is shown once, so this one can't be shown any more. Replace it: what was made is taken back, and
          another one is made in its place. Or close this, and revoke it in the list, where it is Not Used.
        </Alert>
        {error !== null && !isProblem(error, "token-already-issued") && (
          <ProblemAlert error={error} header="It could not be replaced" />
        )}
      </SpaceBetween>
    )
  if (!error || isProblem(error, "validation-failed") || isProblem(error, "token-name-taken")) return null
  return <AttemptProblem error={error} />
}
