import type { AccessReview } from "../shared/contract/review.ts"
import type { RunningStack } from "./local-stack.ts"

/** All pages of the access review, from the first to the one that has the hash. */
export async function reviewPages({ admin }: Pick<RunningStack, "admin">, limit = 50): Promise<AccessReview[]> {
  const pages: AccessReview[] = []
  let cursor: string | null | undefined
  do {
    const page = await admin["access-review/get"]({ query: { limit, ...(cursor && { cursor }) } })
    pages.push(page)
    cursor = page.next_cursor
  } while (cursor)
  return pages
}

export const reviewHash = async (stack: Pick<RunningStack, "admin">, limit = 50): Promise<string> =>
  (await reviewPages(stack, limit)).at(-1)?.hash as string
