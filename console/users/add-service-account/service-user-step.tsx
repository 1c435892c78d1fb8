import Box from "@cloudscape-design/components/box"
import FormField from "@cloudscape-design/components/form-field"
import Input from "@cloudscape-design/components/input"
import SpaceBetween from "@cloudscape-design/components/space-between"
import Textarea from "@cloudscape-design/components/textarea"
import { serviceUserIdOf } from "../../../shared/contract/service-user-id.ts"
import { fieldError } from "../../api/problem.ts"
import { RoleField } from "../role-field.tsx"
import { TeamsField } from "../teams-field.tsx"
import { nameWarning, type ServiceUserDraft } from "./drafts.ts"

interface Props {
  draft: ServiceUserDraft
  onChange: (draft: ServiceUserDraft) => void
  error: unknown
  nameError: string | undefined
  readOnly: boolean
}

export function ServiceUserStep({ draft, onChange, error, nameError, readOnly }: Props) {
  const set = (part: Partial<ServiceUserDraft>) => onChange({ ...draft, ...part })
  return (
    <SpaceBetween size="m">
      <FormField
        label="Name"
        description="What it is for, such as Pipeline Automation or Alation Sync."
        constraintText={<IdPreview name={draft.name} />}
        warningText={nameWarning(draft.name)}
        errorText={nameError ?? fieldError(error, "/name")}
      >
        <Input value={draft.name} readOnly={readOnly} onChange={({ detail }) => set({ name: detail.value })} />
      </FormField>
      <RoleField value={draft.role} onChange={(role) => set({ role })} readOnly={readOnly} />
      <TeamsField
        value={draft.teams}
        onChange={(teams) => set({ teams })}
        errorText={fieldError(error, "/teams")}
        readOnly={readOnly}
      />
      <FormField
        label={
          <>
            Purpose <i>- optional</i>
          </>
        }
        description="The access review asks for it."
        errorText={fieldError(error, "/purpose")}
      >
        <Textarea
          rows={2}
          value={draft.purpose}
          readOnly={readOnly}
          onChange={({ detail }) => set({ purpose: detail.value })}
        />
      </FormField>
    </SpaceBetween>
  )
}

/** The id that the name leads to, while it is typed. It never changes afterwards, whatever the name does. */
const IdPreview = ({ name }: { name: string }) => {
  const userId = serviceUserIdOf(name)
  return userId ? (
    <>
      Service account ID: <Box variant="code">{userId}</Box>
    </>
  ) : (
    "Lower case, spaces to underscores, special characters removed: so it becomes the service account's ID."
  )
}
