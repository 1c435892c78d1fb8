import FormField from "@cloudscape-design/components/form-field"
import Multiselect, { type MultiselectProps } from "@cloudscape-design/components/multiselect"
import { useRows } from "../api/queries.ts"

interface Props {
  /** Besides Public. */
  value: readonly string[]
  onChange: (teams: string[]) => void
  errorText: string | undefined
  readOnly: boolean
}

export const publicTeam = "Public"
const fixed: MultiselectProps.Option = { value: publicTeam, label: publicTeam, disabled: true }
const optionOf = (name: string): MultiselectProps.Option => ({ value: name, label: name })

export function TeamsField({ value, onChange, errorText, readOnly }: Props) {
  const { items, isLoading } = useRows("teams/list", {})
  const names = items.map(({ name }) => name).filter((name) => name !== publicTeam)
  return (
    <FormField
      label={
        <>
          Teams <i>- optional</i>
        </>
      }
      description="They decide which datastores it sees. Public is always among them."
      errorText={errorText}
    >
      <Multiselect
        readOnly={readOnly}
        selectedOptions={[fixed, ...value.map(optionOf)]}
        options={[fixed, ...names.map(optionOf)]}
        filteringType="auto"
        filteringAriaLabel="Find a team"
        placeholder="Choose teams"
        statusType={isLoading ? "loading" : "finished"}
        loadingText="Loading"
        deselectAriaLabel={({ label }) => `Remove ${label}`}
        onChange={({ detail }) =>
          onChange(detail.selectedOptions.flatMap((one) => (one.value && one.value !== publicTeam ? [one.value] : [])))
        }
      />
    </FormField>
  )
}
