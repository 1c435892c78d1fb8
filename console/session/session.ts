import { type Client, createClient } from "../../shared/contract/client.ts"
import type { User } from "../../shared/contract/objects.ts"
import { type Permission, permissionsOf } from "../../shared/contract/permissions.ts"
import { callbackPath, type Issuer } from "./issuer.ts"

export interface Me extends User {
  permissions: readonly Permission[]
}

/** `ended`: the API takes the session no more, while its page and what was typed there are still to be seen. */
export type SessionState =
  | { status: "starting" }
  | { status: "signed-out"; refusal?: unknown }
  | { status: "signed-in" | "ended"; me: Me }

export interface Session {
  state: () => SessionState
  /** Answers how to stop listening. */
  subscribe: (listener: () => void) => () => void
  client: Client
  /** With the session's token, for what the typed client doesn't carry: an export as a file. */
  send: (path: string, headers: Record<string, string>) => Promise<Response>
  start: () => Promise<void>
  signIn: () => Promise<void>
  /** In a window beside this page. */
  signInAgain: () => Promise<void>
  signOut: () => Promise<void>
}

/** Who signs out wants to stay out, whatever the issuer still remembers: until Sign in is pressed, or the tab closed. */
const signedOutMark = "symbolon.signed-out"
/** How long somebody who leaves waits for the API. */
const patienceMilliseconds = 2000

/**
 * A human's session: an ID token of the issuer is exchanged, once, for a bearer token of ours, which this closure keeps and nothing
 * else. A reload forgets it, and gets another one by way of the issuer, silently.
 */
export function createSession(apiUrl: string, issuer: Issuer): Session {
  let bearerToken = ""
  let state: SessionState = { status: "starting" }
  const listeners = new Set<() => void>()
  let expiry: ReturnType<typeof setTimeout> | undefined

  const become = (next: SessionState) => {
    state = next
    for (const listener of listeners) listener()
  }
  const end = (token: string) => {
    if (state.status !== "signed-in" || token !== bearerToken) return
    bearerToken = ""
    become({ status: "ended", me: state.me })
  }
  /** Notices a session that the API has ended: it was revoked, or its human deactivated. */
  const fetchWatched: typeof fetch = async (request, init) => {
    const token = bearerToken
    const response = await fetch(request, init)
    if (response.status === 401) end(token)
    return response
  }
  const client = createClient(apiUrl, () => bearerToken, fetchWatched)

  const exchange = async (idToken: string) => {
    const before = "me" in state ? state.me : undefined
    const { bearer_token, expiration, user } = await client["sign-in/create"]({ body: { id_token: idToken } })
    // Somebody else's page, and what stands on it, is not theirs.
    if (before && before.id !== user.id) return location.assign("/")
    bearerToken = bearer_token
    clearTimeout(expiry)
    expiry = setTimeout(() => end(bearer_token), Date.parse(expiration) - Date.now())
    become({ status: "signed-in", me: { ...user, permissions: permissionsOf(user.role) } })
  }
  /** The address to come back to: never another host's, nor one with a code that is used up. */
  const here = () => (location.pathname === callbackPath ? "/" : ownPath(location.pathname + location.search))

  const arrive = async () => {
    if (location.pathname !== callbackPath) {
      if (sessionStorage.getItem(signedOutMark)) return become({ status: "signed-out" })
      return issuer.visit(here(), true)
    }
    if (!issuer.isAnswer(location.search)) {
      // It is the page's that has opened this window, which closes; it stays where nobody has: at an old address, say.
      await issuer.answer()
      leaveCallback("/")
      return become({ status: "signed-out" })
    }
    const arrival = await issuer.arrive()
    leaveCallback(arrival.path)
    if (arrival.idToken === undefined) return become({ status: "signed-out" })
    await exchange(arrival.idToken)
  }

  const refuse = (refusal: unknown) => {
    if (location.pathname === callbackPath) leaveCallback("/")
    become({ status: "signed-out", refusal })
  }

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    client,
    send: (path, headers) =>
      fetchWatched(apiUrl + path, { headers: { Authorization: `Bearer ${bearerToken}`, ...headers } }),
    start: () => arrive().catch(refuse),
    signIn: async () => {
      sessionStorage.removeItem(signedOutMark)
      await issuer.visit(here(), false).catch(refuse)
    },
    signInAgain: async () => exchange(await issuer.ask()),
    signOut: async () => {
      sessionStorage.setItem(signedOutMark, "yes")
      const ended = client["sign-in/delete"]({}).catch(() => undefined)
      bearerToken = ""
      clearTimeout(expiry)
      become({ status: "signed-out" })
      // Whether or not it reaches the API: whoever leaves is shown out, and the session ends by itself.
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, patienceMilliseconds))])
      // Ours is over, whatever the issuer says to the end of its own.
      await issuer.leave().catch(() => undefined)
    },
  }
}

/** The code in its address is used up: neither the history nor a screenshot shall have it. */
const leaveCallback = (path: string) => history.replaceState(null, "", ownPath(path))

/** Two slashes would begin another host's name. */
const ownPath = (path: string): string => path.replace(/^\/*/, "/")
