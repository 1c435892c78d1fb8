import Button from "@cloudscape-design/components/button"
import Modal from "@cloudscape-design/components/modal"
import SpaceBetween from "@cloudscape-design/components/space-between"
import StatusIndicator from "@cloudscape-design/components/status-indicator"
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { Footer } from "../frame/footer.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { useSession } from "./use-session.ts"

/**
 * A session that ends while somebody works. The sign-in opens in a window of its own: a redirect would take the page and all that
 * was typed there, and a draft in sessionStorage would put half-made requests where the next user of the tab finds them. An iframe is
 * no choice, since issuers forbid to be framed.
 */
export function SessionEnded() {
  const { signInAgain, signOut } = useSession()
  const queryClient = useQueryClient()
  const again = useMutation({ mutationFn: signInAgain, onSuccess: () => queryClient.invalidateQueries() })
  return (
    <Modal
      visible
      header="Your session has ended"
      // There is nothing to go back to: without a session every request is refused.
      onDismiss={() => again.mutate()}
      closeAriaLabel="Sign in again"
      footer={
        <Footer>
          <Button variant="link" onClick={() => void signOut()}>
            Sign out
          </Button>
          {/* Also while it waits: the other window may have been closed, or lost. */}
          <Button variant="primary" iconName="external" onClick={() => again.mutate()}>
            Sign in again
          </Button>
        </Footer>
      }
    >
      <SpaceBetween size="m">
        <span>
          Sign in again in a new window. This page stays as it is, with all that you have typed; what was refused
          meanwhile you can then send again.
        </span>
        {again.isPending && <StatusIndicator type="pending">Waiting for the other window</StatusIndicator>}
        {again.error && <ProblemAlert error={again.error} header="You could not be signed in" />}
      </SpaceBetween>
    </Modal>
  )
}
