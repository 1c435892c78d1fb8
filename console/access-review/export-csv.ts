import { ApiProblem, type ProblemDetails } from "../../shared/contract/client.ts"
import type { Session } from "../session/session.ts"

const nextPage = /^<\/api(\/access-review\?[^>]+)>; rel="next"$/

/** The review as the API writes it for spreadsheets, in which no name is ever a formula: its pages as one file. */
export async function reviewCsv(send: Session["send"]): Promise<string> {
  let file = ""
  let path: string | undefined = "/access-review"
  while (path) {
    const response: Response = await send(path, { Accept: "text/csv" })
    const text = await response.text()
    if (!response.ok) throw new ApiProblem(response.status, JSON.parse(text) as ProblemDetails)
    // Each page has the heading; RFC 4180 has it once.
    file += file === "" ? text : text.slice(text.indexOf("\r\n") + 2)
    path = nextPage.exec(response.headers.get("Link") ?? "")?.[1]
  }
  return file
}
