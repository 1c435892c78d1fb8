import * as z from "zod/mini"

/** What differs from stage to stage: read when the page loads, so that one build serves them all. */
const configurationFile = z.object({
  /** Up to and with `/api`; from the console's own origin on, where both have one. */
  apiUrl: z.string(),
  /** The API's own, past the CDN: for programs, which are told it where their token is shown. */
  callersUrl: z.string(),
  /** Who signs people in, and as which client of it this page does. */
  issuer: z.string(),
  clientId: z.string(),
})
export type Configuration = z.output<typeof configurationFile>

export async function readConfiguration(): Promise<Configuration> {
  const response = await fetch("/config.json", { cache: "no-store" })
  if (!response.ok) throw new Error(`/config.json answers ${response.status}`)
  const { apiUrl, callersUrl, ...rest } = configurationFile.parse(await response.json())
  const whole = (url: string) => new URL(url, location.origin).href
  return { ...rest, apiUrl: whole(apiUrl), callersUrl: whole(callersUrl) }
}
