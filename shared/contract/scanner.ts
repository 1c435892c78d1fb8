/**
 * Finds our bearer tokens in foreign text: `sym(svc|usr|ses)_`, 18 characters of handle, `_`, and the secret, also when it
 * was cut short or runs into the next one. (For a whole token, secret scanners use the stricter pattern of the README, then its checksum.)
 */
const anyToken = /(sym(?:svc|usr|ses)_[0-9A-Za-z]{18})_(?:(?!sym(?:svc|usr|ses)_)[0-9A-Za-z])+/g

/** Replaces each token by its handle: for a user agent, before it is logged or stored. */
export const redact = (text: string): string => text.replace(anyToken, "$1_…")

/** True when the text holds a token: such a name or purpose is refused, not stored. */
export const containsToken = (text: string): boolean => text.search(anyToken) !== -1
