import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard"
import SpaceBetween from "@cloudscape-design/components/space-between"
import Tabs from "@cloudscape-design/components/tabs"
import { useApiUrl } from "../session/api-url.ts"
import { snippets } from "./snippets.ts"

export const SnippetTabs = ({ tokenName }: { tokenName: string }) => (
  <Tabs
    ariaLabel="How to call the API with it"
    tabs={snippets(useApiUrl(), tokenName).map(({ id, label, code }) => ({
      id,
      label,
      content: (
        <SpaceBetween size="xs">
          {/* It scrolls sideways: whoever has no pointer needs its focus for that. */}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: said above */}
          <pre className="code" tabIndex={0}>
            {code}
          </pre>
          <CopyToClipboard
            copyButtonText={`Copy ${label}`}
            copyButtonAriaLabel={`Copy ${label}`}
            copySuccessText="Copied"
            copyErrorText="Could not be copied"
            textToCopy={code}
          />
        </SpaceBetween>
      ),
    }))}
  />
)
