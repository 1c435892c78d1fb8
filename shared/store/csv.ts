/** CSV that people open in a spreadsheet. */

/** A reply as CSV, with the headers that go with it. */
export interface Csv {
  text: string
  headers: Record<string, string>
}

/** RFC 4180: CRLF after each line, the last one too. */
export const csvOf = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(cellOf).join(",")}\r\n`).join("")

/** Quoted where it has to be. */
function cellOf(text: string): string {
  const guarded = guard(text)
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded
}

/**
 * What a spreadsheet takes for a formula when a cell begins so: also after what one strips or doesn't show (white space, quotes,
 * invisible characters), and in full width, which some read as the narrow one.
 */
const formula = /^[\s\p{Cf}"'‘’“”＂＇]*[\t\r\n=+\-@＝＋－＠]/u

/**
 * Makes a text of what would be a formula, by an apostrophe before it (OWASP, CSV Injection): names are other people's, and a
 * spreadsheet runs a formula as whoever opens it.
 */
export const guard = (text: string): string => (formula.test(text) ? `'${text}` : text)
