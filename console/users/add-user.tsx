import FormField from "@cloudscape-design/components/form-field"
import Input from "@cloudscape-design/components/input"
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { useRef, useState } from "react"
import { newUser } from "../../shared/contract/objects.ts"
import type { Role } from "../../shared/contract/permissions.ts"
import { fieldError, isProblem, isUncertain } from "../api/problem.ts"
import { AttemptProblem } from "../frame/attempt-problem.tsx"
import { Dialog } from "../frame/dialog.tsx"
import { useNotifications } from "../frame/notifications.tsx"
import { useSession } from "../session/use-session.ts"
import { RoleField } from "./role-field.tsx"
import { TeamsField } from "./teams-field.tsx"

const empty = { name: "", email: "", role: "Member" as Role, teams: [] as string[] }

/** A human, who signs in with the stage's issuer under this email. */
export function AddUser({ onClose }: { onClose: () => void }) {
  const { client } = useSession()
  const queryClient = useQueryClient()
  const { succeeded } = useNotifications()
  const idempotencyKey = useRef(crypto.randomUUID())
  const [draft, setDraft] = useState(empty)
  const [wasTried, setTried] = useState(false)
  /** The key belongs to these values, once an answer was lost. */
  const [mayExist, setMayExist] = useState(false)
  const create = useMutation({
    mutationFn: () =>
      client["users/create"]({ body: { user_type: "User", ...draft }, idempotencyKey: idempotencyKey.current }),
    onSuccess: async ({ user_id }) => {
      await queryClient.invalidateQueries({ queryKey: ["users/list"] })
      succeeded(`${user_id} can sign in now`)
      onClose()
    },
    onError: (error) => {
      if (isUncertain(error)) setMayExist(true)
    },
  })
  const isLocked = create.isPending || mayExist
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part })
  const wrong = (field: "name" | "email") => newUser.shape[field].safeParse(draft[field]).error?.issues[0]?.message
  const errorOf = (field: "name" | "email") =>
    (wasTried ? wrong(field) : undefined) ?? fieldError(create.error, `/${field}`)
  const add = () => {
    setTried(true)
    if (!wrong("name") && !wrong("email")) create.mutate()
  }
  const taken = isProblem(create.error, "email-taken") ? "Another user has this email." : undefined
  return (
    <Dialog header="Add User" confirm="Add" isPending={create.isPending} onConfirm={add} onClose={onClose}>
      <FormField label="Name" errorText={errorOf("name")}>
        <Input value={draft.name} readOnly={isLocked} onChange={({ detail }) => set({ name: detail.value })} />
      </FormField>
      <FormField label="Email" description="As the issuer knows it." errorText={taken ?? errorOf("email")}>
        <Input
          type="email"
          value={draft.email}
          readOnly={isLocked}
          onChange={({ detail }) => set({ email: detail.value })}
        />
      </FormField>
      <RoleField value={draft.role} onChange={(role) => set({ role })} readOnly={isLocked} />
      <TeamsField
        value={draft.teams}
        onChange={(teams) => set({ teams })}
        errorText={fieldError(create.error, "/teams")}
        readOnly={isLocked}
      />
      {create.error && !taken && !isProblem(create.error, "validation-failed") && (
        <AttemptProblem error={create.error} />
      )}
    </Dialog>
  )
}
