import AppLayout from "@cloudscape-design/components/app-layout"
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group"
import type { ReactNode } from "react"
import { useFollow } from "./follow.ts"
import { Navigation } from "./navigation.tsx"
import { NotificationsBar } from "./notifications.tsx"

interface Props {
  /** Of this page, from the top: `[["Settings"], ["Users", "/settings/users"]]`. */
  trail: readonly (readonly [text: string, href?: string])[]
  contentType?: "table" | "default"
  children: ReactNode
}

/** What is around every page. */
export function Frame({ trail, contentType = "table", children }: Props) {
  const follow = useFollow()
  return (
    <>
      <title>{`${trail.at(-1)?.[0]} · Symbolon`}</title>
      <AppLayout
        headerSelector="#top"
        toolsHide
        contentType={contentType}
        // Of 280, the default, its words need less, and the tables more.
        navigationWidth={200}
        navigation={<Navigation />}
        notifications={<NotificationsBar />}
        breadcrumbs={
          <BreadcrumbGroup
            items={trail.map(([text, href]) => ({ text, href: href ?? "/" }))}
            onFollow={follow}
            ariaLabel="Breadcrumbs"
          />
        }
        content={children}
        ariaLabels={{
          navigation: "Pages",
          navigationToggle: "Open the pages",
          navigationClose: "Close the pages",
          notifications: "Notifications",
        }}
      />
    </>
  )
}
