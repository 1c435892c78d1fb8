import Header from "@cloudscape-design/components/header"
import SpaceBetween from "@cloudscape-design/components/space-between"
import StatusIndicator from "@cloudscape-design/components/status-indicator"
import { useParams } from "react-router"
import { isProblem } from "../api/problem.ts"
import { useReply } from "../api/queries.ts"
import { UserEvents } from "../audit-log/user-events.tsx"
import { Frame } from "../frame/frame.tsx"
import { NotFound } from "../frame/no-page.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { paths } from "../paths.ts"
import { useMe } from "../session/use-session.ts"
import { UserActions } from "./user-actions.tsx"
import { UserDetails } from "./user-details.tsx"
import { UserTokens } from "./user-tokens.tsx"

/** A user's page: who it is, what it has, what it did and had done to it. */
export function UserScreen() {
  const { may } = useMe()
  const id = Number(useParams().id)
  const { data: user, error } = useReply("users/get", { id })
  if (isProblem(error, "not-found")) return <NotFound />
  return (
    <Frame trail={[["Settings"], ["Users", paths.users], [user?.name ?? "User"]]} contentType="default">
      <SpaceBetween size="l">
        <Header variant="h1" actions={user && may("users:write") && <UserActions user={user} />}>
          {user?.name ?? "User"}
        </Header>
        {error && <ProblemAlert error={error} header="The user could not be loaded" />}
        {!user && !error && <StatusIndicator type="loading">Loading</StatusIndicator>}
        {user && <UserDetails user={user} />}
        {user && may("users:write") && <UserTokens user={user} />}
        {user && may("users:write") && <UserEvents user={user} />}
      </SpaceBetween>
    </Frame>
  )
}
