import { generateKeyPair, randomBytes } from "node:crypto"
import { once } from "node:events"
import { createServer, type Server } from "node:http"
import { promisify } from "node:util"
import Provider, { type Configuration, interactionPolicy, type JWKS, type KoaContextWithOIDC } from "oidc-provider"
import { issuerMemory } from "./issuer-memory.ts"
import { showRefusal, showSignedOut } from "./issuer-pages.ts"
import { choosePerson, signInPath } from "./issuer-sign-in.ts"
import { people } from "./people.ts"
import { closed, portOf } from "./secrets.ts"

/** An OpenID Connect issuer on this machine, for the public client `console`. */
export interface LocalIssuer {
  /** As `iss` has it: http://127.0.0.1:3001 */
  url: string
  stop: () => Promise<void>
}

interface Options {
  /** 0: a free one. */
  port: number
  /** Private keys (RS256), the first of which signs. Absent: a new one of its own. */
  jwks?: JWKS
}

/**
 * Serves Authorization Code with PKCE (OpenID Connect Core 1.0, 3.1) on 127.0.0.1, with a page to choose one of `people` in place of a
 * password. Sessions and codes are in memory. Rejects when the port is in use.
 */
export async function startIssuer({ port, jwks }: Options): Promise<LocalIssuer> {
  // Its name has its port: it has to listen before it can be made.
  const server = createServer()
  await listening(server, port)
  const url = `http://127.0.0.1:${portOf(server)}`
  const provider = new Provider(url, configuration(jwks ?? { keys: [await newKey()] }))
  provider.use(async (ctx, next) => {
    // It signs in whoever asks: no page of elsewhere may, under a host name that it has rebound to this machine.
    if (`http://${ctx.host}` === url) return next()
    ctx.status = 421
  })
  provider.use(choosePerson(provider))
  provider.on("server_error", (_, error) => console.error(`the local issuer failed: ${error.stack}`))
  const answer = provider.callback()
  server.on("request", (request, response) => void answer(request, response))
  return { url, stop: () => closed(server) }
}

async function listening(server: Server, port: number): Promise<void> {
  server.listen(port, "127.0.0.1")
  await Promise.race([once(server, "listening"), once(server, "error").then(([error]) => Promise.reject(error))])
}

async function newKey() {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 })
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }
}

const hour = 3600

const configuration = (jwks: JWKS): Configuration => ({
  jwks,
  adapter: issuerMemory(),
  cookies: { keys: [randomBytes(32).toString("base64url")] },
  clients: [
    {
      client_id: "console",
      token_endpoint_auth_method: "none",
      // The loopback redirect of RFC 8252, 7.3: with any port. So one client does for the console, wherever PORT puts it, and for a
      // CLI, which listens where it finds a port free. By its number: `localhost` would be another site, without the session's cookie.
      application_type: "native",
      redirect_uris: ["http://127.0.0.1/callback"],
      post_logout_redirect_uris: ["http://127.0.0.1/"],
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  // Those that may be redirected to may ask, too.
  clientBasedCORS: (_, origin) => /^http:\/\/127\.0\.0\.1(?::\d+)?$/.test(origin),
  // Said each time, as OpenID Connect wants it: at the registered one, which has no port, nobody listens.
  allowOmittingSingleRegisteredRedirectUri: false,
  clientAuthMethods: ["none"],
  pkce: { required: () => true },
  responseTypes: ["code"],
  scopes: ["openid"],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  // In the ID token itself, which is all that sign-in reads.
  conformIdTokenClaims: false,
  findAccount: (_, subject) => {
    const person = people.find((one) => one.subject === subject)
    if (!person) return undefined
    const { email, name } = person
    return { accountId: subject, claims: () => ({ sub: subject, email, email_verified: true, name }) }
  },
  interactions: { policy: withoutConsent(), url: (_, { uid }) => signInPath(uid) },
  loadExistingGrant: grantAll,
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: true, logoutSource: signOut, postLogoutSuccessSource: showSignedOut },
  },
  renderError: (ctx, { error, error_description: why }) => showRefusal(ctx, ctx.status, `${error}: ${why ?? ""}`),
  ttl: {
    AccessToken: hour,
    AuthorizationCode: 60,
    Grant: 8 * hour,
    IdToken: hour,
    Interaction: hour,
    Session: 8 * hour,
  },
})

/** The console is no third party: nobody is asked whether it may know them, or `prompt=none` would never do. */
function withoutConsent() {
  const policy = interactionPolicy.base()
  policy.remove("consent")
  return policy
}

async function grantAll({ oidc }: KoaContextWithOIDC) {
  const { provider, client, session } = oidc
  const grant = new provider.Grant({ clientId: client?.clientId, accountId: session?.accountId })
  grant.addOIDCScope("openid email profile")
  await grant.save()
  return grant
}

/** At once, where the library would have a page ask, or a script send its form. Where to go back to it has checked before. */
async function signOut(ctx: KoaContextWithOIDC): Promise<void> {
  const { provider, params, session } = ctx.oidc
  await session?.destroy()
  const { post_logout_redirect_uri: back, state } = params ?? {}
  const to = new URL(typeof back === "string" ? back : provider.urlFor("end_session_success"))
  if (typeof back === "string" && typeof state === "string") to.searchParams.set("state", state)
  ctx.redirect(to.href)
}
