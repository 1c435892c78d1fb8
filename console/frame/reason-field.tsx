import FormField from "@cloudscape-design/components/form-field"
import Input from "@cloudscape-design/components/input"

/** Why, for the audit trail. */
export const ReasonField = ({ value, onChange }: { value: string; onChange: (reason: string) => void }) => (
  <FormField
    label={
      <>
        Reason <i>- optional</i>
      </>
    }
    description="Kept in the audit trail."
  >
    <Input value={value} onChange={({ detail }) => onChange(detail.value)} />
  </FormField>
)

/** As a body carries it: an empty one isn't one. */
export const given = (reason: string) => (reason.trim() === "" ? {} : { reason })
