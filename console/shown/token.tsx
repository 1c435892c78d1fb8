import Badge from "@cloudscape-design/components/badge"
import Box from "@cloudscape-design/components/box"
import SpaceBetween from "@cloudscape-design/components/space-between"
import StatusIndicator from "@cloudscape-design/components/status-indicator"
import type { Rotation, Token } from "../../shared/contract/objects.ts"
import { Instant } from "./instant.tsx"

const statuses = {
  active: ["success", "Active"],
  revoked: ["stopped", "Revoked"],
  expired: ["error", "Expired"],
  "account-inactive": ["stopped", "Account inactive"],
} as const

export const statusText = (status: Token["status"]): string => statuses[status][1]

export const TokenStatus = ({ status }: { status: Token["status"] }) => (
  <StatusIndicator type={statuses[status][0]}>
    <span className="words">{statuses[status][1]}</span>
  </StatusIndicator>
)

const dayMilliseconds = 86_400_000
const soonDays = 30

/** Green, amber within 30 days, red past; never is amber, since nobody is reminded of it. */
export function Expiration({ at, now = Date.now() }: { at: string | null; now?: number }) {
  if (at === null)
    return (
      <StatusIndicator type="warning" iconAriaLabel="Warning">
        Never
      </StatusIndicator>
    )
  const days = Math.ceil((Date.parse(at) - now) / dayMilliseconds)
  const color = days <= 0 ? "text-status-error" : days <= soonDays ? "text-status-warning" : "text-status-success"
  return (
    <Box color={color} display="inline">
      <Instant at={at} as="day" />{" "}
      {days <= soonDays && <span className="together">{days <= 0 ? "(expired)" : `(${days} d left)`}</span>}
    </Box>
  )
}

/** Of a token, or of an account: by any of its tokens. */
export const LastUsed = ({ at }: { at: string | null }) =>
  at === null ? (
    <Box color="text-status-inactive" display="inline">
      Not Used
    </Box>
  ) : (
    <Instant at={at} as="ago" />
  )

const flagTexts = { unused: "Unused", expiring: "Expiring", "never-expires": "Never expires" } as const

export const flagText = (flag: Token["flags"][number]): string => flagTexts[flag]

/** What asks for somebody's attention, a rotation under way among it. */
export const Flags = ({ token: { flags, rotation } }: { token: Token }) => (
  <SpaceBetween direction="horizontal" size="xxs">
    {flags.map((flag) => (
      <Badge key={flag} color="severity-medium">
        {flagTexts[flag]}
      </Badge>
    ))}
    {rotation && <Badge color="blue">Rotating</Badge>}
    {rotation && <RotationShown rotation={rotation} />}
  </SpaceBetween>
)

/** What the rotation waits for, and who is late: the old secret's last use after the new one's first. */
const RotationShown = ({ rotation: { state, until, old_last_used, old_network } }: { rotation: Rotation }) => (
  <Box variant="small">
    {state === "pending" ? (
      "The new secret is not used yet"
    ) : (
      <>
        Old secret until <Instant at={until} as="day" />
        {old_last_used && (
          <>
            , used <Instant at={old_last_used} as="ago" /> {old_network && `from ${old_network}`}
          </>
        )}
      </>
    )}
  </Box>
)
