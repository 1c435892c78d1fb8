import Box from "@cloudscape-design/components/box"
import SpaceBetween from "@cloudscape-design/components/space-between"
import type { ReactNode } from "react"

/** The buttons of a dialog, where they are looked for: the one that does it last. */
export const Footer = ({ children }: { children: ReactNode }) => (
  <Box float="right">
    <SpaceBetween direction="horizontal" size="xs" alignItems="center">
      {children}
    </SpaceBetween>
  </Box>
)
