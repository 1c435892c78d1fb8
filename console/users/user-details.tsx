import Container from "@cloudscape-design/components/container"
import Header from "@cloudscape-design/components/header"
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs"
import type { User } from "../../shared/contract/objects.ts"
import { Instant } from "../shown/instant.tsx"
import { LastUsed } from "../shown/token.tsx"
import { UserId, UserStatus } from "../shown/user.tsx"

export const UserDetails = ({ user }: { user: User }) => (
  <Container header={<Header variant="h2">Details</Header>}>
    <KeyValuePairs
      columns={4}
      items={[
        { label: "User ID", value: <UserId user={user} /> },
        { label: "Status", value: <UserStatus status={user.status} /> },
        { label: "Role", value: user.role },
        { label: "Teams", value: user.teams.join(", ") },
        { label: user.user_type === "Service" ? "Contact" : "Email", value: user.email },
        { label: "Last used", value: <LastUsed at={user.last_used} /> },
        { label: "Created", value: <Instant at={user.created_at} /> },
        user.user_type === "Service"
          ? { label: "Purpose", value: user.purpose ?? "None is documented: the access review will ask for it" }
          : { label: "Sign-in", value: user.bound ? "Has signed in" : "Has not signed in yet" },
      ]}
    />
  </Container>
)
