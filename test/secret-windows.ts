/** Any eight characters of a secret are a find. Of a token's first 25 nothing is: the handle may be shown. */
export function holdsPartOf(secret: string, text: string): boolean {
  for (let at = 0; at + 8 <= secret.length; at++) if (text.includes(secret.slice(at, at + 8))) return true
  return false
}

export const secretOf = (bearerToken: string): string => bearerToken.slice(26)
