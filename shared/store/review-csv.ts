import type { AccessReview, ReviewCheck } from "../contract/review.ts"
import { type Csv, csvOf } from "./csv.ts"

type Account = AccessReview["items"][number]

/** What of a row says what the check is about. Those of the stage have none of it. */
type About = Partial<Record<(typeof columns)[number], string | null>>

const columns = [
  ...(["user_id", "name", "role", "teams", "purpose"] as const),
  ...(["token", "handle", "status", "last_used", "expiration"] as const),
  ...(["check", "result", "evidence"] as const),
]

/** A page of the review as a file: a row for each check. What else the page has to say is in the headers. */
export const reviewCsv = ({ checks, items, hash, next_cursor }: AccessReview, limit: number): Csv => ({
  text: csvOf([columns, ...rowsOf({}, checks), ...items.flatMap(accountRows)]),
  headers: {
    "Content-Disposition": 'attachment; filename="access-review.csv"',
    // Base64url: nothing of a cursor needs an escape.
    ...(next_cursor && { Link: `</api/access-review?limit=${limit}&cursor=${next_cursor}>; rel="next"` }),
    ...(hash && { "Symbolon-Review-Hash": hash }),
  },
})

/** Teams and purpose stand in the account's own rows only: up to five kilobytes, which its thousand tokens would repeat. */
function accountRows({ user, checks, tokens }: Account): string[][] {
  const { user_id, name, role, teams, purpose, status, last_used } = user
  return [
    ...rowsOf({ user_id, name, role, teams: teams.join("; "), purpose, status, last_used }, checks),
    ...tokens.flatMap(({ token: { name: token, handle, status, last_used, expiration }, checks }) =>
      rowsOf({ user_id, name, role, token, handle, status, last_used, expiration }, checks),
    ),
  ]
}

const rowsOf = (about: About, checks: readonly ReviewCheck[]): string[][] =>
  checks.map((check) => {
    const row: About = { ...about, ...check }
    return columns.map((column) => row[column] ?? "")
  })
