import type { Client } from "../../shared/contract/client.ts"
import type { AccessReview, ReviewCheck } from "../../shared/contract/review.ts"

/** A check, and what it is of: the whole stage, an account, or a token of one. */
export interface Finding extends ReviewCheck {
  id: string
  account?: AccessReview["items"][number]["user"]
  token?: AccessReview["items"][number]["tokens"][number]["token"]
}

export interface Review {
  reviewedAt: string
  findings: Finding[]
  accounts: number
  tokens: number
  /** Of all that it showed: this is what is signed off. */
  hash: string
}

/** All pages: only the last has the hash. */
export async function readReview(client: Client): Promise<Review> {
  const findings: Finding[] = []
  let [accounts, tokens] = [0, 0]
  let cursor: string | undefined
  for (;;) {
    const page = await client["access-review/get"]({ query: { limit: 50, ...(cursor && { cursor }) } })
    // Every page repeats what it says of the stage.
    if (!cursor) findings.push(...page.checks.map((check) => ({ ...check, id: check.check })))
    for (const one of page.items) {
      findings.push(...findingsOf(one))
      accounts += 1
      tokens += one.tokens.length
    }
    if (page.hash !== null) return { reviewedAt: page.reviewed_at, findings, accounts, tokens, hash: page.hash }
    if (page.next_cursor === null) throw new Error("the last page has no hash")
    cursor = page.next_cursor
  }
}

function findingsOf({ user: account, checks, tokens }: AccessReview["items"][number]): Finding[] {
  return [
    ...checks.map((check) => ({ ...check, id: `${account.id} ${check.check}`, account })),
    ...tokens.flatMap(({ token, checks }) =>
      checks.map((check) => ({ ...check, id: `${token.id} ${check.check}`, account, token })),
    ),
  ]
}
