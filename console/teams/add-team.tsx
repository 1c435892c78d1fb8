import FormField from "@cloudscape-design/components/form-field"
import Input from "@cloudscape-design/components/input"
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import { newTeam } from "../../shared/contract/objects.ts"
import { fieldError, isProblem } from "../api/problem.ts"
import { Dialog } from "../frame/dialog.tsx"
import { useNotifications } from "../frame/notifications.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { useSession } from "../session/use-session.ts"

export function AddTeam({ onClose }: { onClose: () => void }) {
  const { client } = useSession()
  const { succeeded } = useNotifications()
  const queryClient = useQueryClient()
  const [name, setName] = useState("")
  const [wasTried, setTried] = useState(false)
  const create = useMutation({
    mutationFn: () => client["teams/create"]({ body: { name } }),
    onSuccess: async (team) => {
      await queryClient.invalidateQueries({ queryKey: ["teams/list"] })
      succeeded(`Team ${team.name} added`)
      onClose()
    },
  })
  const wrong = name.trim() === "" ? "Enter a name" : newTeam.shape.name.safeParse(name).error?.issues[0]?.message
  const add = () => {
    setTried(true)
    if (!wrong) create.mutate()
  }
  return (
    <Dialog header="Add Team" confirm="Add" isPending={create.isPending} onConfirm={add} onClose={onClose}>
      <FormField label="Name" errorText={(wasTried ? wrong : undefined) ?? fieldError(create.error, "/name")}>
        <Input value={name} onChange={({ detail }) => setName(detail.value)} />
      </FormField>
      {create.error && !isProblem(create.error, "validation-failed") && <ProblemAlert error={create.error} />}
    </Dialog>
  )
}
