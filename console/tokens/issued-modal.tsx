import Alert from "@cloudscape-design/components/alert"
import Box from "@cloudscape-design/components/box"
import Button, { type ButtonProps } from "@cloudscape-design/components/button"
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs"
import Modal from "@cloudscape-design/components/modal"
import SpaceBetween from "@cloudscape-design/components/space-between"
import { useEffect, useId, useRef, useState } from "react"
import { Footer } from "../frame/footer.tsx"
import { Expiration } from "../shown/token.tsx"
import { UserId } from "../shown/user.tsx"
import { FirstCall } from "./first-call.tsx"
import { SecretBox } from "./secret-box.tsx"
import { SnippetTabs } from "./snippet-tabs.tsx"
import { useBackHeld } from "./use-back-held.ts"
import type { Issued } from "./use-issue.ts"

interface Props {
  header: string
  issued: Issued
  onClose: () => void
}

/** The token screen: the only place where a token is ever seen. It leaves memory with it. */
export function IssuedModal({ header, issued, onClose }: Props) {
  const [isAsking, setAsking] = useState(false)
  const question = useId()
  const done = useRef<ButtonProps.Ref>(null)
  const notYet = useRef<ButtonProps.Ref>(null)
  useWarningOnLeave()
  useBackHeld(() => setAsking(true))
  // Each button goes with its footer: without this the focus would go with it, and nobody would be told the question.
  useEffect(() => {
    if (!isAsking) return
    notYet.current?.focus()
    return () => done.current?.focus()
  }, [isAsking])
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
            <Box variant="strong" id={question}>
              Have you saved the token? It can't be shown again.
            </Box>
            <Button ref={notYet} variant="link" ariaDescribedby={question} onClick={() => setAsking(false)}>
              Not yet
            </Button>
            <Button variant="primary" onClick={onClose}>
              Yes, close
            </Button>
          </Footer>
        ) : (
          <Footer>
            <Button ref={done} variant="primary" onClick={() => setAsking(true)}>
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
