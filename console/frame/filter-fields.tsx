import FormField from "@cloudscape-design/components/form-field"
import Input from "@cloudscape-design/components/input"
import Select from "@cloudscape-design/components/select"
import { useEffect, useEffectEvent, useRef, useState } from "react"

const pauseMilliseconds = 300

interface TextProps {
  label: string
  value: string | undefined
  onChange: (value: string) => void
}

/** Text that the API looks for, asked once the typing pauses. */
export function TextFilter({ label, value = "", onChange }: TextProps) {
  const [text, setText] = useState(value)
  const asked = useRef(value)
  // A filter that is cleared from elsewhere, or by the browser's Back; not the echo of what was typed before.
  useEffect(() => {
    if (value !== asked.current) setText(value)
    asked.current = value
  }, [value])
  const ask = useEffectEvent(onChange)
  useEffect(() => {
    if (text === asked.current) return
    const timer = setTimeout(() => {
      asked.current = text
      ask(text)
    }, pauseMilliseconds)
    return () => clearTimeout(timer)
    // The typing alone begins a pause anew: not a list that shows itself again meanwhile.
  }, [text])
  return (
    <div className="text">
      <FormField label={label}>
        <Input type="search" value={text} onChange={({ detail }) => setText(detail.value)} clearAriaLabel="Clear" />
      </FormField>
    </div>
  )
}

interface ChoiceProps extends TextProps {
  options: readonly { value: string; label: string; description?: string }[]
  /** What no choice means: "All roles". */
  none: string
  filteringType?: "auto" | "none"
}

export function ChoiceFilter({ label, value, onChange, options, none, filteringType = "none" }: ChoiceProps) {
  const all = [{ value: "", label: none }, ...options]
  return (
    <div className="choice">
      <FormField label={label}>
        <Select
          selectedOption={all.find((one) => one.value === (value ?? "")) ?? { value: value ?? "", label: value ?? "" }}
          options={all}
          filteringType={filteringType}
          onChange={({ detail }) => onChange(detail.selectedOption.value ?? "")}
        />
      </FormField>
    </div>
  )
}
