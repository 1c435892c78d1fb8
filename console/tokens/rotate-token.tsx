import FormField from "@cloudscape-design/components/form-field"
import Select from "@cloudscape-design/components/select"
import { useState } from "react"
import type { Token } from "../../shared/contract/objects.ts"
import { fieldError } from "../api/problem.ts"
import { Dialog } from "../frame/dialog.tsx"
import { useSession } from "../session/use-session.ts"
import { type ExpirationChoice, expirationOptions, expiryText } from "./expirations.ts"
import { IssueProblem } from "./issue-problem.tsx"
import { IssuedModal } from "./issued-modal.tsx"
import { useIssue } from "./use-issue.ts"

const overlaps = [
  { value: "0", label: "None: the old secret ends with the first use of the new one" },
  { value: "24", label: "24 hours" },
  { value: "168", label: "7 days" },
  { value: "720", label: "30 days" },
]
const samePeriod = { value: "", label: "As long as before" }
const periods = [samePeriod, ...expirationOptions]

/** A second secret under the same name; the old one goes on working until the overlap ends. */
export function RotateToken({ token, onClose }: { token: Token; onClose: () => void }) {
  const { client } = useSession()
  const { id } = token
  const [overlap, setOverlap] = useState("168")
  const [expiration, setExpiration] = useState<ExpirationChoice | "">("")
  const { issued, error, isPending, isLost, isLocked, issue, replace } = useIssue({
    request: (body: { overlap_hours: number; expiration?: string }, idempotencyKey) =>
      client["user-tokens/rotate"]({ id, body, idempotencyKey }),
    takeBack: () => client["user-tokens/rotate-abort"]({ id }),
  })
  const body = { overlap_hours: Number(overlap), ...(expiration && { expiration }) }
  if (issued) return <IssuedModal header="Token rotated" issued={issued} onClose={onClose} />
  return (
    <Dialog
      header={`Rotate ${token.name}`}
      confirm="Rotate"
      isPending={isPending}
      disabled={isLost}
      onConfirm={() => issue(body)}
      onClose={onClose}
    >
      <span>
        The token gets a new secret, and keeps its name. Both secrets work until the new one is used for the first time;
        from then on the old one works for as long as the overlap, and the list tells from where it is still used.
      </span>
      <FormField label="Overlap" errorText={fieldError(error, "/overlap_hours")}>
        <Select
          readOnly={isLocked}
          selectedOption={overlaps.find(({ value }) => value === overlap) ?? null}
          options={overlaps}
          onChange={({ detail }) => setOverlap(detail.selectedOption.value ?? "")}
        />
      </FormField>
      <FormField
        label="Expiration of the new secret"
        constraintText={expiration === "" ? "The period of the old secret, from now on" : expiryText(expiration)}
        errorText={fieldError(error, "/expiration")}
      >
        <Select
          readOnly={isLocked}
          selectedOption={periods.find(({ value }) => value === expiration) ?? samePeriod}
          options={periods}
          onChange={({ detail }) => setExpiration(detail.selectedOption.value as typeof expiration)}
        />
      </FormField>
      <IssueProblem error={error} isLost={isLost} isPending={isPending} onReplace={() => replace(body)} />
    </Dialog>
  )
}
