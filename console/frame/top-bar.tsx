import TopNavigation from "@cloudscape-design/components/top-navigation"
import { useMe, useSession } from "../session/use-session.ts"
import { useColorMode } from "./color-mode.ts"
import { useFollow } from "./follow.ts"

export function TopBar() {
  const { signOut } = useSession()
  const { me } = useMe()
  const { mode, toggle } = useColorMode()
  const follow = useFollow()
  return (
    <TopNavigation
      identity={{ href: "/", title: "Symbolon", onFollow: follow }}
      utilities={[
        { type: "button", text: "API", href: "/api/docs", external: true, externalIconAriaLabel: "(opens a new tab)" },
        { type: "button", text: mode === "dark" ? "Light mode" : "Dark mode", onClick: toggle },
        {
          type: "menu-dropdown",
          text: me.user_id,
          description: me.role,
          iconName: "user-profile",
          items: [{ id: "sign-out", text: "Sign out" }],
          onItemClick: () => void signOut(),
        },
      ]}
    />
  )
}
