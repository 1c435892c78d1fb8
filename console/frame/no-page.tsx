import Box from "@cloudscape-design/components/box"
import Header from "@cloudscape-design/components/header"
import type { ReactNode } from "react"
import { paths } from "../paths.ts"
import { useMe } from "../session/use-session.ts"
import { Frame } from "./frame.tsx"
import { PageLink } from "./page-link.tsx"

const NoPage = ({ title, children }: { title: string; children: ReactNode }) => (
  <Frame trail={[[title]]} contentType="default">
    <Header variant="h1">{title}</Header>
    <Box variant="p">
      {children} <PageLink href={paths.tokens}>Go to your tokens</PageLink>
    </Box>
  </Frame>
)

export const NotFound = () => <NoPage title="Page not found">There is nothing at this address.</NoPage>

export function NotAllowed() {
  const { me } = useMe()
  return (
    <NoPage title="Not for your role">
      Your role, {me.role}, doesn't open this page. An administrator can change it.
    </NoPage>
  )
}
