import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation"
import { useLocation } from "react-router"
import { paths } from "../paths.ts"
import { useMe } from "../session/use-session.ts"
import { useFollow } from "./follow.ts"

/** What its role lets somebody open. */
export function Navigation() {
  const { may } = useMe()
  const { pathname } = useLocation()
  const link = (text: string, href: string): SideNavigationProps.Link => ({ type: "link", text, href })
  const settings = [
    ...(may("users:read") ? [link("Users", paths.users)] : []),
    link("Tokens", paths.tokens),
    ...(may("users:read") ? [link("Teams", paths.teams)] : []),
    ...(may("users:write") ? [link("Token policy", paths.policy)] : []),
  ]
  const governance = [link("Access review", paths.accessReview), link("Audit log", paths.auditLog)]
  return (
    <SideNavigation
      activeHref={[...settings, ...governance].find(({ href }) => pathname.startsWith(href))?.href ?? ""}
      onFollow={useFollow()}
      items={[
        { type: "section-group", title: "Settings", items: settings },
        ...(may("users:write")
          ? [{ type: "divider" } as const, { type: "section-group", title: "Governance", items: governance } as const]
          : []),
      ]}
    />
  )
}
