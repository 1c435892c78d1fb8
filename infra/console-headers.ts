/**
 * What every file of the console is served with. Its page holds a session: nothing runs there, and nothing is asked, but what is ours
 * and the issuer's.
 */
export const consoleHeaders = (issuerOrigins: readonly string[]): Record<string, string> => ({
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    ["connect-src 'self'", ...issuerOrigins].join(" "),
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "require-trusted-types-for 'script'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
})

/** A file whose name has the hash of what is in it never changes; all else is asked for each time. */
export const cacheControl = (path: string): string =>
  path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-store"
