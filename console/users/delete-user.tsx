import Box from "@cloudscape-design/components/box"
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import { useNavigate } from "react-router"
import type { User } from "../../shared/contract/objects.ts"
import { useReply } from "../api/queries.ts"
import { refreshTokens } from "../api/tokens-shown.ts"
import { Dialog } from "../frame/dialog.tsx"
import { useNotifications } from "../frame/notifications.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { given, ReasonField } from "../frame/reason-field.tsx"
import { paths } from "../paths.ts"
import { useSession } from "../session/use-session.ts"
import { ImpactShown } from "../shown/impact.tsx"

/** The second of two steps: only of a deactivated one, and for ever. */
export function DeleteUser({ user, onClose }: { user: User; onClose: () => void }) {
  const { client } = useSession()
  const { succeeded } = useNotifications()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const [reason, setReason] = useState("")
  const { id } = user
  const impact = useReply("users/impact", { id })
  const remove = useMutation({
    mutationFn: () => client["users/delete"]({ id, query: given(reason) }),
    onSuccess: async () => {
      succeeded(`${user.user_id} is being deleted, with all of its tokens`)
      await navigate(paths.users)
      await Promise.all([
        refreshTokens(queryClient),
        queryClient.invalidateQueries({ queryKey: ["users/list"] }),
        queryClient.invalidateQueries({ queryKey: ["users/get"] }),
      ])
    },
  })
  return (
    <Dialog
      header={`Delete ${user.name}`}
      confirm="Delete"
      isPending={remove.isPending}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <span>
        Permanently delete <Box variant="strong">{user.user_id}</Box> and all of its tokens? This action cannot be
        undone, and the ID is never given to another account.
      </span>
      <ImpactShown impact={impact} />
      <ReasonField value={reason} onChange={setReason} />
      {remove.error && <ProblemAlert error={remove.error} />}
    </Dialog>
  )
}
