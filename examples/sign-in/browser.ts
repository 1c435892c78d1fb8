/**
 * What a human does with a browser, for a script without one: opens `url`, chooses the person of this email where a page asks for one,
 * and follows redirects until the issuer sends them back. Answers where to: the redirect URI with the issuer's answer in its query.
 * Cookies are kept from one call to the next, as a browser keeps them. Throws when a page is neither.
 */
export type Browser = (url: URL, redirectUri: string) => Promise<URL>

/** More than any sign-in needs. */
const mostHops = 10

export function openBrowser(email: string): Browser {
  const cookies = new Map<string, string>()
  return async (url, redirectUri) => {
    let at = url
    let form: URLSearchParams | undefined
    for (let hop = 0; hop < mostHops; hop++) {
      const response = await fetch(at, {
        redirect: "manual",
        headers: { Accept: "text/html", Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
        ...(form && { method: "POST", body: form }),
      })
      for (const cookie of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
        if (name !== undefined && value !== undefined) cookies.set(name, value)
      }
      const location = response.headers.get("Location")
      if (location !== null) {
        at = new URL(location, at)
        form = undefined
        if (at.origin + at.pathname === redirectUri) return at
      } else {
        form = choiceOn(await response.text(), email)
        if (!response.ok || form === undefined)
          throw new Error(`${at.origin}${at.pathname} answers ${response.status}, and has no button for ${email}`)
      }
    }
    throw new Error(`${url.origin} doesn't come back to ${redirectUri}`)
  }
}

/** What the form sends when the button of this person is pressed. */
function choiceOn(page: string, email: string): URLSearchParams | undefined {
  const buttons = [...page.matchAll(/<button name="([^"]+)" value="([^"]+)"/g)]
  const [, name, value] = buttons.find(([, , offered]) => offered === email) ?? []
  return name !== undefined && value !== undefined ? new URLSearchParams([[name, value]]) : undefined
}
