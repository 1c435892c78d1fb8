import FormField from "@cloudscape-design/components/form-field"
import Input from "@cloudscape-design/components/input"
import Textarea from "@cloudscape-design/components/textarea"
import { useState } from "react"
import type { User } from "../../shared/contract/objects.ts"
import { changedFields } from "../api/changed-fields.ts"
import { fieldError, isProblem } from "../api/problem.ts"
import { Dialog } from "../frame/dialog.tsx"
import { useNotifications } from "../frame/notifications.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { given, ReasonField } from "../frame/reason-field.tsx"
import { RoleField } from "./role-field.tsx"
import { publicTeam, TeamsField } from "./teams-field.tsx"
import { useUserChange } from "./use-user-change.ts"

/** Name, role, teams and what it is for. The user ID stays, whatever the name becomes. */
export function ChangeUser({ user, onClose }: { user: User; onClose: () => void }) {
  const { succeeded } = useNotifications()
  const [before] = useState(() => ({
    name: user.name,
    role: user.role,
    teams: user.teams.filter((name) => name !== publicTeam),
    email: user.email,
    purpose: user.purpose,
  }))
  const [draft, setDraft] = useState(before)
  const [reason, setReason] = useState("")
  const change = useUserChange(user.id, () => {
    succeeded(`${user.user_id} changed`)
    onClose()
  })
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part })
  const { name, role, teams, email } = draft
  const purpose = draft.purpose?.trim() ? draft.purpose : null
  return (
    <Dialog
      header={`Change ${user.name}`}
      confirm="Save"
      isPending={change.isPending}
      onConfirm={() => change.mutate({ ...changedFields(before, { ...draft, purpose }), ...given(reason) })}
      onClose={onClose}
    >
      <FormField label="Name" errorText={fieldError(change.error, "/name")}>
        <Input value={name} onChange={({ detail }) => set({ name: detail.value })} />
      </FormField>
      <RoleField value={role} onChange={(value) => set({ role: value })} readOnly={change.isPending} />
      <TeamsField
        value={teams}
        onChange={(value) => set({ teams: value })}
        errorText={fieldError(change.error, "/teams")}
        readOnly={change.isPending}
      />
      <FormField
        label="Email"
        description={user.user_type === "Service" ? "Who gets notices about it." : "As the issuer knows it."}
        errorText={fieldError(change.error, "/email")}
      >
        <Input type="email" value={email} onChange={({ detail }) => set({ email: detail.value })} />
      </FormField>
      <FormField
        label={
          <>
            Purpose <i>- optional</i>
          </>
        }
        description="The access review asks for it."
        errorText={fieldError(change.error, "/purpose")}
      >
        <Textarea rows={2} value={draft.purpose ?? ""} onChange={({ detail }) => set({ purpose: detail.value })} />
      </FormField>
      <ReasonField value={reason} onChange={setReason} />
      {change.error && !isProblem(change.error, "validation-failed") && <ProblemAlert error={change.error} />}
    </Dialog>
  )
}
