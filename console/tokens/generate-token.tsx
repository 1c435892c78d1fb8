import FormField from "@cloudscape-design/components/form-field"
import Select from "@cloudscape-design/components/select"
import { useState } from "react"
import { fieldError, isProblem } from "../api/problem.ts"
import { useRows } from "../api/queries.ts"
import { Dialog } from "../frame/dialog.tsx"
import { useMe, useSession } from "../session/use-session.ts"
import { IssueProblem } from "./issue-problem.tsx"
import { IssuedModal } from "./issued-modal.tsx"
import { nameError } from "./name-error.ts"
import { takeBackToken } from "./take-back.ts"
import { emptyToken, TokenFields } from "./token-fields.tsx"
import { useIssue } from "./use-issue.ts"

const service = {
  value: "Service",
  label: "Service",
  description: "Of a service account, for pipelines and integrations",
}
const personal = { value: "Personal", label: "Personal", description: "Your own, for development and testing" }

interface Props {
  /** Fixed: the service account whose page this is. */
  serviceUser?: string
  onClose: () => void
}

/** Another token: of a service account, for whoever manages those, or one's own. */
export function GenerateToken({ serviceUser, onClose }: Props) {
  const { client } = useSession()
  const { may } = useMe()
  const [draft, setDraft] = useState(emptyToken)
  const [type, setType] = useState<"Service" | "Personal">(may("users:write") ? "Service" : "Personal")
  const [userId, setUserId] = useState(serviceUser ?? "")
  const [wasTried, setTried] = useState(false)
  const body = { ...draft, type, ...(type === "Service" && { user_id: userId }) }
  const { issued, error, isPending, isLost, isLocked, issue, replace } = useIssue({
    request: (given: typeof body, idempotencyKey) => client["user-tokens/create"]({ body: given, idempotencyKey }),
    takeBack: takeBackToken(client),
  })
  const isMissingUser = type === "Service" && userId === ""
  const generate = () => {
    setTried(true)
    if (!nameError(draft.name) && !isMissingUser) issue(body)
  }
  if (issued) return <IssuedModal header="Token generated" issued={issued} onClose={onClose} />
  const unknown = isProblem(error, "not-found") ? "There is no such account any more." : undefined
  return (
    <Dialog
      header="Generate Token"
      confirm="Generate"
      isPending={isPending}
      disabled={isLost}
      onConfirm={generate}
      onClose={onClose}
    >
      <TokenFields
        draft={draft}
        onChange={setDraft}
        error={error}
        nameError={wasTried ? nameError(draft.name) : undefined}
        readOnly={isLocked}
      />
      <FormField label="Type">
        <Select
          readOnly={isLocked || serviceUser !== undefined || !may("users:write")}
          selectedOption={type === "Service" ? service : personal}
          options={[service, personal]}
          onChange={({ detail }) => setType(detail.selectedOption.value as typeof type)}
        />
      </FormField>
      {type === "Service" && (
        <ServiceUserField
          value={userId}
          onChange={setUserId}
          readOnly={isLocked || serviceUser !== undefined}
          errorText={
            (wasTried && isMissingUser ? "Choose a service user" : undefined) ??
            unknown ??
            fieldError(error, "/user_id")
          }
        />
      )}
      <IssueProblem error={error} isLost={isLost} isPending={isPending} onReplace={() => replace(body)} />
    </Dialog>
  )
}

interface ServiceUserProps {
  value: string
  onChange: (userId: string) => void
  readOnly: boolean
  errorText: string | undefined
}

function ServiceUserField({ value, onChange, readOnly, errorText }: ServiceUserProps) {
  const { items, isLoading } = useRows("users/list", { user_type: "Service" }, !readOnly || value === "")
  const options = items
    .filter(({ active }) => active)
    .map(({ user_id, name }) => ({ value: user_id, label: user_id, description: name }))
  return (
    <FormField label="Service User" errorText={errorText}>
      <Select
        readOnly={readOnly}
        selectedOption={value === "" ? null : { value, label: value }}
        options={options}
        filteringType="auto"
        filteringAriaLabel="Find a service account"
        placeholder="Choose a service account"
        statusType={isLoading ? "loading" : "finished"}
        loadingText="Loading"
        empty="There is no active service account. Add one under Settings > Users."
        onChange={({ detail }) => onChange(detail.selectedOption.value ?? "")}
      />
    </FormField>
  )
}
