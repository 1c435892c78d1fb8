import * as z from "zod/mini"
import { Unavailable } from "../shared/runtime.ts"

/** Who signs people in on a stage. */
export interface Issuer {
  /** As `iss` has it, to the letter. */
  url: string
  /** Where its documents are: the same, but at an emulator. */
  address: string
  clientId: string
  /** Whether an email counts that the issuer doesn't call verified. */
  trustEmail: boolean
}

type Environment = Record<string, string | undefined>

export function issuerOf(env: Environment): Issuer {
  const url = env.ISSUER ?? ""
  // An emulator's Cognito keeps the real one's names; the SDK's own variables say where it is.
  const emulator = env.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER ?? env.AWS_ENDPOINT_URL
  const cognito = /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?(?=\/)/
  return {
    url,
    address: emulator === undefined ? url : url.replace(cognito, emulator),
    clientId: env.CLIENT_ID ?? "",
    trustEmail: env.TRUST_EMAIL === "true",
  }
}

/** How long an issuer that didn't answer isn't asked again, nor for a key that it didn't have: a flood here is none there. */
export const patienceMilliseconds = 2000

export type Ask = (address: string) => Promise<ArrayBuffer>

const discovered = z.object({ issuer: z.string(), jwks_uri: z.string() })

/** Where the issuer says that its keys are (OpenID Connect Discovery 1.0). */
export async function keysOf({ url, address }: Issuer, ask: Ask): Promise<string> {
  const document = await ask(`${address.replace(/\/$/, "")}/.well-known/openid-configuration`)
  const found = discovered.safeParse(readJson(document))
  if (!found.success || found.data.issuer !== url) throw new Unavailable("the issuer's configuration is not its own")
  return found.data.jwks_uri
}

function readJson(document: ArrayBuffer): unknown {
  try {
    return JSON.parse(Buffer.from(document).toString())
  } catch {
    return undefined
  }
}

/** Over TLS; without, where the issuer itself is: on this machine, for development. Throws Unavailable, again and at once after a failure. */
export function questions({ address: home }: Issuer, now: () => number): Ask {
  const here = /^http:\/\/(127\.0\.0\.1|localhost)(:|\/|$)/
  let failedAt = Number.NEGATIVE_INFINITY
  return async (address) => {
    if (now() - failedAt < patienceMilliseconds) throw new Unavailable("the issuer was unavailable just now")
    try {
      if (!address.startsWith("https://") && !(here.test(home) && here.test(address)))
        throw new Error("an issuer is asked over TLS only")
      const response = await fetch(address, { redirect: "error", signal: AbortSignal.timeout(3000) })
      if (!response.ok) throw new Error(`the issuer answers ${response.status}`)
      return await response.arrayBuffer()
    } catch (cause) {
      failedAt = now()
      throw new Unavailable("the issuer is unavailable", { cause })
    }
  }
}
