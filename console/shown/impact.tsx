import Box from "@cloudscape-design/components/box"
import StatusIndicator from "@cloudscape-design/components/status-indicator"
import type { UseQueryResult } from "@tanstack/react-query"
import type { Impact } from "../../shared/contract/objects.ts"
import { Instant } from "./instant.tsx"
import { LastUsed } from "./token.tsx"

const mostStops = 10

/** Before something ends: who uses it, from where, and what stops with it. */
export function ImpactShown({ impact: { data, error } }: { impact: UseQueryResult<Impact> }) {
  if (error) return <StatusIndicator type="warning">What would stop could not be found out</StatusIndicator>
  if (!data) return <StatusIndicator type="loading">Finding out what would stop</StatusIndicator>
  return (
    <div>
      <div>
        Last used: <LastUsed at={data.last_used} />
      </div>
      {data.networks.length > 0 && <div>From, in the last 30 days:</div>}
      <ul>
        {data.networks.map(({ network, last_used }) => (
          <li key={network}>
            <Box variant="code">{network}</Box> <Instant at={last_used} as="ago" />
          </li>
        ))}
      </ul>
      {data.stops.length > 0 && (
        <>
          <div>{data.stops.length === 1 ? "This token stops:" : `These ${data.stops.length} tokens stop:`}</div>
          <ul>
            {data.stops.slice(0, mostStops).map(({ id, name, last_used }) => (
              <li key={id}>
                {name} (<LastUsed at={last_used} />)
              </li>
            ))}
            {data.stops.length > mostStops && <li>and {data.stops.length - mostStops} more</li>}
          </ul>
        </>
      )}
    </div>
  )
}
