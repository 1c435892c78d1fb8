import { useMutation, useQueryClient } from "@tanstack/react-query"
import type { Team } from "../../shared/contract/objects.ts"
import { Dialog } from "../frame/dialog.tsx"
import { useNotifications } from "../frame/notifications.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { useSession } from "../session/use-session.ts"

export function DeleteTeam({ team: { key, name }, onClose }: { team: Team; onClose: () => void }) {
  const { client } = useSession()
  const { succeeded } = useNotifications()
  const queryClient = useQueryClient()
  const remove = useMutation({
    mutationFn: () => client["teams/delete"]({ key }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ["teams/list"] })
      succeeded(`Team ${name} deleted`)
      onClose()
    },
  })
  return (
    <Dialog
      header="Delete team"
      confirm="Delete"
      isPending={remove.isPending}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <span>Delete the team {name}? Nothing belongs to it.</span>
      {remove.error && <ProblemAlert error={remove.error} />}
    </Dialog>
  )
}
