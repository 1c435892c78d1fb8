import Button from "@cloudscape-design/components/button"
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard"
import SpaceBetween from "@cloudscape-design/components/space-between"
import { download } from "../frame/download.ts"
import { useApiUrl } from "../session/api-url.ts"
import { envFile, envFileName } from "./snippets.ts"

/** The token itself, and the ways to take it along. */
export function SecretBox({ bearerToken, name }: { bearerToken: string; name: string }) {
  const apiUrl = useApiUrl()
  return (
    <SpaceBetween size="xs">
      <section className="code secret" aria-label="Token">
        {bearerToken}
      </section>
      <SpaceBetween direction="horizontal" size="xs">
        <CopyToClipboard
          copyButtonText="Copy token"
          copyButtonAriaLabel="Copy token"
          copySuccessText="Token copied"
          copyErrorText="Could not be copied: select it, and copy it by hand"
          textToCopy={bearerToken}
        />
        <Button
          iconName="download"
          onClick={() => download(envFileName(name), "text/plain", envFile(apiUrl, bearerToken))}
        >
          Download .env
        </Button>
      </SpaceBetween>
    </SpaceBetween>
  )
}
