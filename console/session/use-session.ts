import { createContext, use, useSyncExternalStore } from "react"
import type { Permission } from "../../shared/contract/permissions.ts"
import type { Session } from "./session.ts"

export const SessionContext = createContext<Session | undefined>(undefined)

/** The session, and its state as it is now. */
export function useSession() {
  const session = use(SessionContext)
  if (!session) throw new Error("outside of a session")
  return { ...session, ...useSyncExternalStore(session.subscribe, session.state) }
}

/** Whoever is signed in. For what is below SignedIn only. */
export function useMe() {
  const session = useSession()
  if (!("me" in session)) throw new Error("nobody is signed in")
  const { me } = session
  return { me, may: (permission: Permission) => me.permissions.includes(permission) }
}
