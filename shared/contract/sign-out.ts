/** What is read of an issuer's discovery document (OpenID Connect Discovery 1.0) to end a browser's session there. */
export interface IssuerEndpoints {
  issuer: string
  authorization_endpoint: string
  end_session_endpoint?: string | undefined
}

export interface SignOut {
  clientId: string
  /** Where the browser comes back to: the issuer must know it, to the letter. */
  returnTo: string
  /** The one that was exchanged: spares the question whether it is meant. */
  idToken?: string | undefined
}

/** How a kind of issuer is told that somebody signs out. */
interface Adapter {
  knows: (endpoints: IssuerEndpoints) => boolean
  urlOf: (endpoints: IssuerEndpoints, signOut: SignOut) => URL
}

const withQuery = (address: string | URL, query: Record<string, string | undefined>): URL => {
  const url = new URL(address)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
  return url
}

/** The first that knows the issuer; those who do it in a way of their own before those who keep to the standard. */
const adapters: readonly Adapter[] = [
  // https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
  {
    knows: ({ issuer }) => /^cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/.test(new URL(issuer).hostname),
    urlOf: ({ authorization_endpoint }, { clientId, returnTo }) =>
      withQuery(new URL("/logout", authorization_endpoint), { client_id: clientId, logout_uri: returnTo }),
  },
  // OpenID Connect RP-Initiated Logout 1.0: Okta, Entra, Keycloak, newer tenants of Auth0.
  {
    knows: ({ end_session_endpoint }) => end_session_endpoint !== undefined,
    urlOf: ({ end_session_endpoint = "" }, { clientId, returnTo, idToken }) =>
      withQuery(end_session_endpoint, {
        client_id: clientId,
        post_logout_redirect_uri: returnTo,
        id_token_hint: idToken,
      }),
  },
  // Auth0's own, of tenants that don't tell of another: https://auth0.com/docs/api/authentication#logout
  {
    knows: ({ issuer }) => new URL(issuer).hostname.endsWith(".auth0.com"),
    urlOf: ({ issuer }, { clientId, returnTo }) =>
      withQuery(new URL("/v2/logout", issuer), { client_id: clientId, returnTo }),
  },
]

/**
 * Where a browser goes to end its session at the issuer as well, after `DELETE /sign-in` has ended ours. Undefined where the issuer
 * has no such place: whoever signs in there again is asked nothing.
 */
export const signOutUrl = (endpoints: IssuerEndpoints, signOut: SignOut): string | undefined =>
  adapters.find(({ knows }) => knows(endpoints))?.urlOf(endpoints, signOut).href
