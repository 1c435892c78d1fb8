import { useMutation, useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import { isProblem } from "../api/problem.ts"
import { Dialog } from "../frame/dialog.tsx"
import { useNotifications } from "../frame/notifications.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { given, ReasonField } from "../frame/reason-field.tsx"
import { useSession } from "../session/use-session.ts"
import type { Review } from "./read-review.ts"

/** Into the audit trail: that somebody has reviewed exactly this. */
export function SignOff({ review, onClose }: { review: Review; onClose: () => void }) {
  const { client } = useSession()
  const { succeeded } = useNotifications()
  const queryClient = useQueryClient()
  const [reason, setReason] = useState("")
  const { hash, accounts, tokens, findings } = review
  const attention = findings.filter(({ result }) => result === "attention").length
  const sign = useMutation({
    mutationFn: () => client["access-review/sign"]({ body: { hash, ...given(reason) } }),
    onSuccess: (signed) => {
      succeeded(`Access review of ${signed.accounts} service accounts and ${signed.tokens} tokens signed off`)
      onClose()
    },
    onError: async (error) => {
      if (isProblem(error, "review-stale")) await queryClient.invalidateQueries({ queryKey: ["access-review/get"] })
    },
  })
  return (
    <Dialog
      header="Sign off the access review"
      confirm="Sign off"
      isPending={sign.isPending}
      onConfirm={() => sign.mutate()}
      onClose={onClose}
    >
      <span>
        You have reviewed {accounts} service accounts with {tokens} tokens
        {attention > 0 ? `; ${attention} findings still ask for attention` : ""}. What is signed is a hash of them, as
        they were when this page read them.
      </span>
      <ReasonField value={reason} onChange={setReason} />
      {isProblem(sign.error, "review-stale") ? (
        <ProblemAlert error={sign.error} header="Something has changed since">
          An account or a token is another one than you have seen. The page reads them again: close this, look, and sign
          then.
        </ProblemAlert>
      ) : (
        sign.error && <ProblemAlert error={sign.error} />
      )}
    </Dialog>
  )
}
