import Checkbox from "@cloudscape-design/components/checkbox"
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import type { User } from "../../shared/contract/objects.ts"
import { useReply } from "../api/queries.ts"
import { refreshTokens } from "../api/tokens-shown.ts"
import { Dialog } from "../frame/dialog.tsx"
import { useNotifications } from "../frame/notifications.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { given, ReasonField } from "../frame/reason-field.tsx"
import { useSession } from "../session/use-session.ts"
import { ImpactShown } from "../shown/impact.tsx"

/** One write, whatever the number: for an account that may be compromised. */
export function RevokeAllTokens({ user, onClose }: { user: User; onClose: () => void }) {
  const { client } = useSession()
  const { succeeded } = useNotifications()
  const queryClient = useQueryClient()
  const [isCompromised, setCompromised] = useState(false)
  const [reason, setReason] = useState("")
  const { id } = user
  const impact = useReply("users/impact", { id })
  const revoke = useMutation({
    mutationFn: () => client["users/revoke-tokens"]({ id, body: { compromised: isCompromised, ...given(reason) } }),
    onSuccess: ({ revoked }) => {
      succeeded(`${revoked === 1 ? "1 token" : `${revoked} tokens`} of ${user.user_id} revoked`)
      onClose()
    },
    onSettled: () =>
      Promise.all([refreshTokens(queryClient), queryClient.invalidateQueries({ queryKey: ["audit-events/list"] })]),
  })
  return (
    <Dialog
      header={`Revoke all tokens of ${user.name}`}
      confirm="Revoke all"
      isPending={revoke.isPending}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      <span>
        Whatever uses them is refused from its next request on
        {user.user_type === "User" ? ", and every session of this person ends" : ""}.
      </span>
      <ImpactShown impact={impact} />
      <Checkbox
        checked={isCompromised}
        onChange={({ detail }) => setCompromised(detail.checked)}
        description="None of them can be restored then."
      >
        They are compromised
      </Checkbox>
      <ReasonField value={reason} onChange={setReason} />
      {revoke.error && <ProblemAlert error={revoke.error} />}
    </Dialog>
  )
}
