/** A row's state, as If-Match names it. */
export const etagOf = ({ version }: { version: number }): string => `"${version}"`

/** RFC 9110, 13.1.1: strong comparison, so a weak tag never matches. */
export const matchesETag = (ifMatch: string, row: { version: number }): boolean =>
  ifMatch.trim() === "*" || ifMatch.split(",").some((tag) => tag.trim() === etagOf(row))
