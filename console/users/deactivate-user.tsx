import { useState } from "react"
import type { User } from "../../shared/contract/objects.ts"
import { useReply } from "../api/queries.ts"
import { Dialog } from "../frame/dialog.tsx"
import { useNotifications } from "../frame/notifications.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { given, ReasonField } from "../frame/reason-field.tsx"
import { ImpactShown } from "../shown/impact.tsx"
import { useUserChange } from "./use-user-change.ts"

/** The first of two steps towards its end: reversible, and felt on the next request of whatever uses it. */
export function DeactivateUser({ user, onClose }: { user: User; onClose: () => void }) {
  const { succeeded } = useNotifications()
  const [reason, setReason] = useState("")
  const impact = useReply("users/impact", { id: user.id })
  const deactivate = useUserChange(user.id, () => {
    succeeded(`${user.user_id} deactivated`)
    onClose()
  })
  return (
    <Dialog
      header={`Deactivate ${user.name}`}
      confirm="Deactivate"
      isPending={deactivate.isPending}
      onConfirm={() => deactivate.mutate({ active: false, ...given(reason) })}
      onClose={onClose}
    >
      <span>Its tokens are refused from their next request on, until it is reactivated. None of them is lost.</span>
      <ImpactShown impact={impact} />
      <ReasonField value={reason} onChange={setReason} />
      {deactivate.error && <ProblemAlert error={deactivate.error} />}
    </Dialog>
  )
}
