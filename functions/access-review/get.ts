import { readReview } from "../../shared/store/review.ts"
import { reviewCsv } from "../../shared/store/review-csv.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("access-review/get", async (runtime, { page, asCsv }) => {
  const body = await readReview(runtime, page)
  return { body, ...(asCsv && { csv: reviewCsv(body, page.limit) }) }
})
