import StatusIndicator from "@cloudscape-design/components/status-indicator"
import { useQuery } from "@tanstack/react-query"
import { useEffect, useState } from "react"
import type { Token } from "../../shared/contract/objects.ts"
import { useSession } from "../session/use-session.ts"
import { ago } from "../shown/instant.tsx"
import type { Issued } from "./use-issue.ts"

const askMilliseconds = 3000

/** Turns from waiting to "Works" when the new secret is used for the first time: last_used follows within seconds. */
export function FirstCall({ issued }: { issued: Issued }) {
  const { client } = useSession()
  const { data } = useQuery({
    queryKey: ["user-tokens/get", { id: issued.id }],
    queryFn: () => client["user-tokens/get"]({ id: issued.id }),
    refetchInterval: ({ state }) => (state.data && firstUse(issued, state.data) ? false : askMilliseconds),
  })
  const usedAt = data && firstUse(issued, data)
  const now = useNow(usedAt !== undefined)
  return usedAt ? (
    <StatusIndicator type="success">{`Works: first used ${ago(usedAt, now)}`}</StatusIndicator>
  ) : (
    <StatusIndicator type="pending">Waiting for the first call…</StatusIndicator>
  )
}

/** Of a rotated token the old secret is used on; the new one's first use is what makes it current. */
function firstUse(issued: Issued, now: Token): string | undefined {
  if (issued.rotation === null) return now.last_used ?? undefined
  return now.rotation?.state === "pending" ? undefined : (now.rotation?.since ?? now.last_used ?? undefined)
}

function useNow(isRunning: boolean): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!isRunning) return
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [isRunning])
  return now
}
