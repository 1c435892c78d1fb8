export const redirectUri = "http://127.0.0.1:4000/callback"

/** Where a client would send somebody; undefined takes a parameter away. */
export function questionAt(issuer: string, changes: Record<string, string | undefined> = {}): URL {
  const parameters = {
    response_type: "code",
    client_id: "console",
    redirect_uri: redirectUri,
    scope: "openid email profile",
    state: "s",
    // RFC 7636, appendix B.
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    ...changes,
  }
  const url = new URL("/auth", issuer)
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value)
  return url
}

/** As a browser does, one step. */
export const open = (url: URL) => fetch(url, { redirect: "manual", headers: { Accept: "text/html" } })
export const answerOf = (response: Response) => new URL(response.headers.get("Location") as string)
