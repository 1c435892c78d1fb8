import { ErrorResponse, InMemoryWebStorage, UserManager, WebStorageStateStore } from "oidc-client-ts"
import { type IssuerEndpoints, signOutUrl } from "../../shared/contract/sign-out.ts"
import type { Configuration } from "../configuration.ts"

export const callbackPath = "/callback"

/** What the issuer sent back. */
export interface Arrival {
  /** Undefined: nobody is signed in there. */
  idToken?: string
  /** The page that was asked for before the way led to the issuer. */
  path: string
}

/** The stage's issuer: Authorization Code with PKCE, by redirect, or in a window of its own. */
export interface Issuer {
  /** Leaves this page. `silently`: no screen of the issuer; it answers at once with somebody, or with nobody. */
  visit: (path: string, silently: boolean) => Promise<void>
  /** After the redirect back. */
  arrive: () => Promise<Arrival>
  /** Beside this page, which stays as it is. */
  ask: () => Promise<string>
  /** In the window that `ask` has opened: hands the answer over, and closes. */
  answer: () => Promise<void>
  /** Leaves this page, and ends the session at the issuer; stays where the issuer has no place for that. */
  leave: () => Promise<void>
}

/** With prompt=none these mean "nobody is signed in here", and not that something failed (OpenID Connect Core, 3.1.2.6). */
const nobody = ["login_required", "interaction_required", "consent_required", "account_selection_required"]

/**
 * Of two sign-ins in one second the ID tokens would be the same to the letter, and each is good once. (That an answer belongs to this
 * browser is PKCE's to show.)
 */
const unique = () => ({ nonce: crypto.randomUUID() })

export function createIssuer({ issuer, clientId }: Configuration): Issuer {
  const manager = new UserManager({
    authority: issuer,
    client_id: clientId,
    redirect_uri: location.origin + callbackPath,
    popup_redirect_uri: location.origin + callbackPath,
    scope: "openid email profile",
    loadUserInfo: false,
    automaticSilentRenew: false,
    // What the issuer says stays in memory. State and PKCE verifier of a redirect outlive the page: no secret without the code.
    userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
    stateStore: new WebStorageStateStore({ store: sessionStorage }),
  })
  const idTokenOf = ({ id_token }: { id_token?: string }): string => {
    if (!id_token) throw new Error("The issuer sent no ID token.")
    return id_token
  }
  return {
    visit: (path, silently) =>
      manager.signinRedirect({ state: path, ...unique(), ...(silently && { prompt: "none" }) }),
    arrive: async () => {
      try {
        const user = await manager.signinRedirectCallback()
        return { idToken: idTokenOf(user), path: String(user.state) }
      } catch (error) {
        if (error instanceof ErrorResponse && nobody.includes(error.error ?? "")) return { path: String(error.state) }
        throw error
      }
    },
    ask: async () => idTokenOf(await manager.signinPopup(unique())),
    answer: () => manager.signinPopupCallback(),
    leave: async () => {
      const endpoints = await manager.metadataService.getMetadata()
      const user = await manager.getUser()
      const url = signOutUrl(endpoints as IssuerEndpoints, {
        clientId,
        returnTo: `${location.origin}/`,
        idToken: user?.id_token,
      })
      if (url) location.assign(url)
    },
  }
}
