import FormField from "@cloudscape-design/components/form-field"
import Select from "@cloudscape-design/components/select"
import type { Role } from "../../shared/contract/permissions.ts"
import { roleOptions } from "../shown/roles.ts"

interface Props {
  value: Role
  onChange: (role: Role) => void
  readOnly: boolean
}

export const RoleField = ({ value, onChange, readOnly }: Props) => (
  <FormField
    label="Role"
    description="Start with the least privileged role."
    warningText={value === "Admin" ? "An Admin can do everything, and make other administrators." : undefined}
  >
    <Select
      readOnly={readOnly}
      selectedOption={roleOptions.find((one) => one.value === value) ?? null}
      options={roleOptions}
      triggerVariant="option"
      onChange={({ detail }) => onChange(detail.selectedOption.value as Role)}
    />
  </FormField>
)
