import Box from "@cloudscape-design/components/box"
import Button from "@cloudscape-design/components/button"
import Modal from "@cloudscape-design/components/modal"
import SpaceBetween from "@cloudscape-design/components/space-between"
import StatusIndicator from "@cloudscape-design/components/status-indicator"
import { useState } from "react"
import type { Token } from "../../shared/contract/objects.ts"
import { explain, isUncertain } from "../api/problem.ts"
import { useTokenChange } from "../api/tokens-shown.ts"
import { Footer } from "../frame/footer.tsx"
import { useIsShown } from "../frame/use-is-shown.ts"
import { useSession } from "../session/use-session.ts"
import { LastUsed } from "../shown/token.tsx"

type Result = "waiting" | "revoked" | { failed: unknown }

/** Many at once, one request after the other: a refusal of one stops none of the others, and each has its result. */
export function RevokeTokens({ tokens, onClose }: { tokens: readonly Token[]; onClose: () => void }) {
  const { client } = useSession()
  // Those which were chosen: the list behind this changes with each result.
  const [chosen] = useState(tokens)
  const [results, setResults] = useState<Record<number, Result>>({})
  const note = (id: number, result: Result) => setResults((now) => ({ ...now, [id]: result }))
  const revoke = useTokenChange({
    send: ({ id }) => client["user-tokens/update"]({ id, body: { active: false } }),
    result: ({ children: _, ...token }) => token,
    onSuccess: ({ id }) => note(id, "revoked"),
    onError: ({ id }, error) => note(id, { failed: error }),
  })
  const isShown = useIsShown()
  const isStarted = Object.keys(results).length > 0
  const isRunning = Object.values(results).includes("waiting")
  const start = async () => {
    setResults(Object.fromEntries(chosen.map(({ id }) => [id, "waiting"])))
    for (const token of chosen) if (isShown.current) await revoke.mutateAsync(token).catch(() => undefined)
  }
  return (
    <Modal
      visible
      header={`Revoke ${chosen.length === 1 ? "1 token" : `${chosen.length} tokens`}`}
      closeAriaLabel="Close"
      // The rest would be revoked unseen.
      onDismiss={() => !isRunning && onClose()}
      footer={
        <Footer>
          <Button variant={isStarted ? "primary" : "link"} disabled={isRunning} onClick={onClose}>
            {isStarted ? "Close" : "Cancel"}
          </Button>
          {(!isStarted || isRunning) && (
            <Button variant="primary" loading={isRunning} onClick={() => void start()}>
              Revoke
            </Button>
          )}
        </Footer>
      }
    >
      <SpaceBetween size="m">
        <span>Whatever uses these tokens is refused from its next request on. A revoked token can be restored.</span>
        <ul>
          {chosen.map((token) => (
            <li key={token.id}>
              <Box variant="strong">{token.name}</Box> of {token.user.user_id} (<LastUsed at={token.last_used} />){" "}
              <ResultShown result={results[token.id]} />
            </li>
          ))}
        </ul>
      </SpaceBetween>
    </Modal>
  )
}

function ResultShown({ result }: { result: Result | undefined }) {
  if (result === undefined) return null
  if (result === "waiting") return <StatusIndicator type="pending">Waiting</StatusIndicator>
  if (result === "revoked") return <StatusIndicator type="success">Revoked</StatusIndicator>
  const { title, instance } = explain(result.failed)
  const told = isUncertain(result.failed) ? `${title}: it may have been revoked` : title
  return <StatusIndicator type="error">{instance ? `${told} (request id: ${instance})` : told}</StatusIndicator>
}
