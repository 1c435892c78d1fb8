import Link from "@cloudscape-design/components/link"
import type { ReactNode } from "react"
import { useFollow } from "./follow.ts"

export const PageLink = ({ href, children }: { href: string; children: ReactNode }) => (
  <Link href={href} onFollow={useFollow()}>
    {children}
  </Link>
)
