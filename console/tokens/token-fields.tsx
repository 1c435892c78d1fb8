import FormField from "@cloudscape-design/components/form-field"
import Input from "@cloudscape-design/components/input"
import Select from "@cloudscape-design/components/select"
import SpaceBetween from "@cloudscape-design/components/space-between"
import { fieldError, isProblem } from "../api/problem.ts"
import { type ExpirationChoice, expirationOptions, expiryText } from "./expirations.ts"

export interface TokenDraft {
  name: string
  expiration: ExpirationChoice
}

export const emptyToken: TokenDraft = { name: "", expiration: "1y" }

interface Props {
  draft: TokenDraft
  onChange: (draft: TokenDraft) => void
  /** Of the last attempt: what it says of a field stands at that field. */
  error: unknown
  nameError?: string | undefined
  readOnly: boolean
  /** Where these fields take the place of what had the focus. */
  autoFocus?: boolean
}

/** Name and expiration: what every form that makes a token asks for. */
export function TokenFields({ draft, onChange, error, nameError, readOnly, autoFocus = false }: Props) {
  const taken = isProblem(error, "token-name-taken")
    ? "The account has a token of this name. Choose another."
    : undefined
  return (
    <SpaceBetween size="m">
      <FormField
        label="Name"
        constraintText="Unique for its account. Include the environment and the purpose: pipeline-production."
        errorText={nameError ?? taken ?? fieldError(error, "/name")}
      >
        <Input
          value={draft.name}
          readOnly={readOnly}
          autoFocus={autoFocus}
          onChange={({ detail }) => onChange({ ...draft, name: detail.value })}
        />
      </FormField>
      <ExpirationField
        value={draft.expiration}
        onChange={(expiration) => onChange({ ...draft, expiration })}
        errorText={fieldError(error, "/expiration")}
        readOnly={readOnly}
      />
    </SpaceBetween>
  )
}

interface ExpirationProps {
  value: ExpirationChoice
  onChange: (value: ExpirationChoice) => void
  errorText?: string | undefined
  readOnly: boolean
}

const ExpirationField = ({ value, onChange, errorText, readOnly }: ExpirationProps) => (
  <FormField
    label="Expiration"
    constraintText={expiryText(value)}
    warningText={value === "never" ? "A token that never expires works until somebody revokes it." : undefined}
    errorText={errorText}
  >
    <Select
      readOnly={readOnly}
      selectedOption={expirationOptions.find((one) => one.value === value) ?? null}
      options={expirationOptions}
      onChange={({ detail }) => onChange(detail.selectedOption.value as ExpirationChoice)}
    />
  </FormField>
)
