import pages from "virtual:problem-pages"
import { Problem } from "../../shared/contract/problems.ts"
import { endpoint } from "../endpoint.ts"

export const handler = endpoint("docs/problem", async (_, { key }) => {
  const page = new Map(Object.entries(pages)).get(key)
  if (page === undefined) throw new Problem("not-found")
  return { body: page }
})
