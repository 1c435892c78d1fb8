import Box from "@cloudscape-design/components/box"
import type { Token } from "../../shared/contract/objects.ts"
import { useReply } from "../api/queries.ts"
import { useTokenChange } from "../api/tokens-shown.ts"
import { Dialog } from "../frame/dialog.tsx"
import { useNotifications } from "../frame/notifications.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { useSession } from "../session/use-session.ts"
import { ImpactShown } from "../shown/impact.tsx"

/** The second of two steps: what is revoked can be restored, what is deleted can't. */
export function DeleteToken({ token, onClose }: { token: Token; onClose: () => void }) {
  const { client } = useSession()
  const { succeeded } = useNotifications()
  const impact = useReply("user-tokens/impact", { id: token.id })
  const remove = useTokenChange({
    send: ({ id }) => client["user-tokens/delete"]({ id }),
    result: () => undefined,
    onSuccess: () => {
      succeeded(`${token.type} token successfully deleted`)
      onClose()
    },
  })
  return (
    <Dialog
      header="Delete token"
      confirm="Delete"
      isPending={remove.isPending}
      onConfirm={() => remove.mutate(token)}
      onClose={onClose}
    >
      <span>
        Permanently delete <Box variant="strong">{token.name}</Box> of {token.user.user_id}? This action cannot be
        undone.
      </span>
      <ImpactShown impact={impact} />
      {remove.error && <ProblemAlert error={remove.error} />}
    </Dialog>
  )
}
