import SegmentedControl from "@cloudscape-design/components/segmented-control"
import { type Token, tokenFlag, tokenStatus } from "../../shared/contract/objects.ts"
import { ChoiceFilter, TextFilter } from "../frame/filter-fields.tsx"
import { flagText, statusText } from "../shown/token.tsx"

export interface TokenFilter {
  type?: string
  q?: string
  status?: string
  flag?: string
}

interface Props {
  field: (name: keyof TokenFilter) => { value: string | undefined; onChange: (value: string | undefined) => void }
  /** Whether there are tokens of others to choose from. */
  hasTypes: boolean
}

const statuses = tokenStatus.options.map((value) => ({ value, label: statusText(value) }))
const flags = tokenFlag.options.map((value) => ({ value, label: flagText(value) }))

export const TokenFilters = ({ field, hasTypes }: Props) => (
  <div className="filters">
    {hasTypes && (
      <SegmentedControl
        label="Type of tokens"
        selectedId={field("type").value ?? "all"}
        onChange={({ detail }) => field("type").onChange(detail.selectedId === "all" ? undefined : detail.selectedId)}
        options={[
          { id: "all", text: "All" },
          { id: "service", text: "Service Tokens" },
          { id: "personal", text: "Personal Tokens" },
        ]}
      />
    )}
    <TextFilter label="Find name, handle or user" {...field("q")} />
    <ChoiceFilter label="Status" {...field("status")} options={statuses} none="All" />
    <ChoiceFilter label="Flag" {...field("flag")} options={flags} none="All" />
  </div>
)

/** As the API filters service tokens. One's personal tokens are few: it lists them all. */
export function isMatch(token: Token, { q, status, flag }: TokenFilter): boolean {
  const part = q?.toLowerCase()
  return (
    (!status || token.status === status) &&
    (!flag || (token.flags as string[]).includes(flag)) &&
    (!part || [token.name, token.handle, token.user.user_id].some((text) => text.toLowerCase().includes(part)))
  )
}
