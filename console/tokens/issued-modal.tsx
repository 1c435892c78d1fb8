import Alert from "@cloudscape-design/components/alert"
import Box from "@cloudscape-design/components/box"
import Button from "@cloudscape-design/components/button"
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs"
import Modal from "@cloudscape-design/components/modal"
import SpaceBetween from "@cloudscape-design/components/space-between"
import { useEffect, useState } from "react"
import { Footer } from "../frame/footer.tsx"
import { Expiration } from "../shown/token.tsx"
import { UserId } from "../shown/user.tsx"
import { FirstCall } from "./first-call.tsx"
import { SecretBox } from "./secret-box.tsx"
import { SnippetTabs } from "./snippet-tabs.tsx"
import type { Issued } from "./use-issue.ts"

interface Props {
  header: string
  issued: Issued
  onClose: () => void
}

/** The token screen: the only place where a token is ever seen. It leaves memory with it. */
export function IssuedModal({ header, issued, onClose }: Props) {
  const [isAsking, setAsking] = useState(false)
  useWarningOnLeave()
  return (
    <Modal
      visible
      size="large"
      header={header}
      closeAriaLabel="Close"
      onDismiss={() => setAsking(true)}
      footer={
        isAsking ? (
          <Footer>
            <Box variant="strong">Have you saved the token? It can't be shown again.</Box>
            <Button variant="link" onClick={() => setAsking(false)}>
              Not yet
            </Button>
            <Button variant="primary" onClick={onClose}>
              Yes, close
            </Button>
          </Footer>
        ) : (
          <Footer>
            <Button variant="primary" onClick={() => setAsking(true)}>
              Done
            </Button>
          </Footer>
        )
      }
    >
      <SpaceBetween size="m">
        <Alert type="warning" statusIconAriaLabel="Warning">
          Make sure to download or copy this token. You won't be able to see it again!
        </Alert>
        <SecretBox bearerToken={issued.bearer_token} name={issued.name} />
        <KeyValuePairs
          columns={3}
          items={[
            { label: "Name", value: issued.name },
            { label: "User", value: <UserId user={issued.user} /> },
            { label: "Expires", value: <Expiration at={issued.rotation?.new_expiration ?? issued.expiration} /> },
          ]}
        />
        <FirstCall issued={issued} />
        <SnippetTabs tokenName={issued.name} />
      </SpaceBetween>
    </Modal>
  )
}

/** The browser's own question, when a tab is closed or loaded anew while a token is to be seen. */
function useWarningOnLeave() {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener("beforeunload", warn)
    return () => window.removeEventListener("beforeunload", warn)
  }, [])
}
