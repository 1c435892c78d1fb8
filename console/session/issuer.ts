import { ErrorResponse, InMemoryWebStorage, UserManager, WebStorageStateStore } from "oidc-client-ts"
import { type IssuerEndpoints, signOutUrl } from "../../shared/contract/sign-out.ts"
import { IssuerProblem } from "../api/problem.ts"
import type { Configuration } from "../configuration.ts"

export const callbackPath = "/callback"

/** What the issuer sent back. */
export interface Arrival {
  /** Undefined: nobody is signed in there. */
  idToken?: string
  /** The page that was asked for before the way led to the issuer. */
  path: string
}

/** The stage's issuer, whose failures are IssuerProblems: Authorization Code with PKCE, by redirect, or in a window of its own. */
export interface Issuer {
  /** Leaves this page. `silently`: no screen of the issuer; it answers at once with somebody, or with nobody. */
  visit: (path: string, silently: boolean) => Promise<void>
  /** Whether what the issuer has put into this address answers this very tab, and not the page that has opened it. */
  isAnswer: (search: string) => boolean
  /** After the redirect back. */
  arrive: () => Promise<Arrival>
  /** Beside this page, which stays as it is. Who asks again gives up the question before: its window may be closed, or lost. */
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

const statePrefix = "oidc."

/** The library's messages are sentences; what a browser says of a failed request isn't. */
function issuerProblem(error: unknown): IssuerProblem {
  if (error instanceof ErrorResponse)
    return new IssuerProblem(error.error_description ?? error.error ?? "It gives no reason.")
  if (error instanceof TypeError)
    return new IssuerProblem("It can't be reached from this page. Check your connection, then try again.")
  return new IssuerProblem(error instanceof Error ? error.message : "It gives no reason.")
}

const told = <T>(asked: Promise<T>): Promise<T> =>
  asked.catch((error) => {
    throw issuerProblem(error)
  })

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
    stateStore: new WebStorageStateStore({ store: sessionStorage, prefix: statePrefix }),
  })
  const idTokenOf = ({ id_token }: { id_token?: string }): string => {
    if (!id_token) throw new Error("The issuer sent no ID token.")
    return id_token
  }
  let question: AbortController | undefined
  return {
    visit: (path, silently) =>
      told(manager.signinRedirect({ state: path, ...unique(), ...(silently && { prompt: "none" }) })),
    isAnswer: (search) => sessionStorage.getItem(statePrefix + new URLSearchParams(search).get("state")) !== null,
    arrive: async () => {
      try {
        const user = await manager.signinRedirectCallback()
        return { idToken: idTokenOf(user), path: String(user.state) }
      } catch (error) {
        if (error instanceof ErrorResponse && nobody.includes(error.error ?? "")) return { path: String(error.state) }
        throw issuerProblem(error)
      }
    },
    ask: async () => {
      question?.abort("Another sign-in was begun.")
      question = new AbortController()
      return idTokenOf(await told(manager.signinPopup({ ...unique(), popupSignal: question.signal })))
    },
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
