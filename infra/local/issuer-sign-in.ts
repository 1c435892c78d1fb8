import type { IncomingMessage } from "node:http"
import type Provider from "oidc-provider"
import { errors } from "oidc-provider"
import { showPeople, showRefusal } from "./issuer-pages.ts"
import { people } from "./people.ts"

type Middleware = Parameters<Provider["use"]>[0]

/** Where the library sends who has to say who they are. */
export const signInPath = (uid: string): string => `/sign-in/${uid}`

/** The page of the people: GET shows it, POST of its form signs one in and goes on to the application. */
export const choosePerson =
  (provider: Provider): Middleware =>
  async (ctx, next) => {
    if (!ctx.path.startsWith(signInPath(""))) return next()
    try {
      // Known by a cookie: a form that another site sends comes without it.
      const { params } = await provider.interactionDetails(ctx.req, ctx.res)
      if (ctx.method !== "POST") return showPeople(ctx, new URL(String(params.redirect_uri)).origin)
      const email = new URLSearchParams(await bodyOf(ctx.req)).get("person")
      const person = people.find((one) => one.email === email)
      if (!person) return showRefusal(ctx, 400, "Nobody here has that email.")
      const result = { login: { accountId: person.subject } }
      ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result))
      ctx.status = 303
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error
      showRefusal(
        ctx,
        400,
        "It took too long, or has been finished elsewhere. Go back to where you came from, and sign in anew.",
      )
    }
  }

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
