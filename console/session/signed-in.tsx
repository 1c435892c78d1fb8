import Box from "@cloudscape-design/components/box"
import Button from "@cloudscape-design/components/button"
import Container from "@cloudscape-design/components/container"
import Header from "@cloudscape-design/components/header"
import SpaceBetween from "@cloudscape-design/components/space-between"
import StatusIndicator from "@cloudscape-design/components/status-indicator"
import type { ReactNode } from "react"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { SessionEnded } from "./session-ended.tsx"
import { useSession } from "./use-session.ts"

/** Shows its children to whoever is signed in, and the way in to everybody else. */
export function SignedIn({ children }: { children: ReactNode }) {
  const session = useSession()
  if (session.status === "starting")
    return (
      <main className="entrance">
        <StatusIndicator type="loading">Signing in</StatusIndicator>
      </main>
    )
  if (session.status === "signed-out") return <Entrance refusal={session.refusal} signIn={session.signIn} />
  return (
    <>
      {children}
      {session.status === "ended" && <SessionEnded />}
    </>
  )
}

function Entrance({ refusal, signIn }: { refusal: unknown; signIn: () => Promise<void> }) {
  return (
    <main className="entrance">
      <Container header={<Header variant="h1">Symbolon</Header>}>
        <SpaceBetween size="m">
          {refusal !== undefined && <ProblemAlert error={refusal} header="You could not be signed in" />}
          <Box variant="p">Service accounts and bearer tokens. Sign in with your organization's account.</Box>
          <Button variant="primary" onClick={() => void signIn()}>
            Sign in
          </Button>
        </SpaceBetween>
      </Container>
    </main>
  )
}
