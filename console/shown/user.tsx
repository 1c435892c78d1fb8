import Badge from "@cloudscape-design/components/badge"
import SpaceBetween from "@cloudscape-design/components/space-between"
import StatusIndicator from "@cloudscape-design/components/status-indicator"
import type { User } from "../../shared/contract/objects.ts"

const statuses = {
  active: ["success", "Active"],
  inactive: ["stopped", "Deactivated"],
  deleting: ["pending", "Being deleted"],
} as const

export const UserStatus = ({ status }: { status: User["status"] }) => (
  <StatusIndicator type={statuses[status][0]} wrapText={false}>
    {statuses[status][1]}
  </StatusIndicator>
)

const ServiceBadge = () => <Badge color="blue">Service</Badge>

export const UserId = ({ user }: { user: Pick<User, "user_id" | "user_type"> }) => (
  <SpaceBetween direction="horizontal" size="xxs">
    <span>{user.user_id}</span>
    {user.user_type === "Service" && <ServiceBadge />}
  </SpaceBetween>
)
