import { Navigate, Route, Routes } from "react-router"
import type { Permission } from "../shared/contract/permissions.ts"
import { AccessReviewScreen } from "./access-review/access-review-screen.tsx"
import { AuditLogScreen } from "./audit-log/audit-log-screen.tsx"
import { NotAllowed, NotFound } from "./frame/no-page.tsx"
import { NotificationsProvider } from "./frame/notifications.tsx"
import { TopBar } from "./frame/top-bar.tsx"
import { paths } from "./paths.ts"
import { useMe } from "./session/use-session.ts"
import { PolicyScreen } from "./settings/policy-screen.tsx"
import { TeamsScreen } from "./teams/teams-screen.tsx"
import { TokensScreen } from "./tokens/tokens-screen.tsx"
import { UserScreen } from "./users/user-screen.tsx"
import { UsersScreen } from "./users/users-screen.tsx"

const pages: readonly [path: string, screen: () => React.ReactNode, needs?: Permission][] = [
  [paths.tokens, TokensScreen],
  [paths.users, UsersScreen, "users:read"],
  [paths.user(":id"), UserScreen, "users:read"],
  [paths.teams, TeamsScreen, "users:read"],
  [paths.policy, PolicyScreen, "users:write"],
  [paths.accessReview, AccessReviewScreen, "users:write"],
  [paths.auditLog, AuditLogScreen, "users:write"],
]

/** Every page, for whoever is signed in. The API decides what anybody may do; a page that it would refuse says so at once. */
export function App() {
  const { may } = useMe()
  return (
    <NotificationsProvider>
      <div id="top">
        <TopBar />
      </div>
      <Routes>
        <Route path="/" element={<Navigate replace to={may("users:read") ? paths.users : paths.tokens} />} />
        {pages.map(([path, Screen, needs]) => (
          <Route key={path} path={path} element={!needs || may(needs) ? <Screen /> : <NotAllowed />} />
        ))}
        <Route path="*" element={<NotFound />} />
      </Routes>
    </NotificationsProvider>
  )
}
