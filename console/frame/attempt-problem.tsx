import { isUncertain } from "../api/problem.ts"
import { ProblemAlert } from "./problem-alert.tsx"

/** Of a form whose attempts carry one Idempotency-Key: after no certain answer they are made again as they are. */
export const AttemptProblem = ({ error }: { error: unknown }) =>
  isUncertain(error) ? (
    <ProblemAlert error={error} header="No certain answer">
      It may have been carried out all the same. Your values are kept: send them again, which makes nothing twice.
    </ProblemAlert>
  ) : (
    <ProblemAlert error={error} />
  )
