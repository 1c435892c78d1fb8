import { randomBytes } from "node:crypto"
import { benchKey } from "./keyring.ts"
import type { Lab } from "./lab.ts"
import { fromPeers, subject } from "./peers.ts"

/** What we call of jose. */
interface Jose {
  generateKeyPair: (alg: string, options: object) => Promise<{ publicKey: unknown; privateKey: unknown }>
  exportJWK: (key: unknown) => Promise<object>
  SignJWT: new (claims: object) => Signing
}
interface Signing {
  setProtectedHeader: (header: object) => Signing
  setIssuer: (issuer: string) => Signing
  setAudience: (audience: string) => Signing
  setSubject: (subject: string) => Signing
  setIssuedAt: () => Signing
  setExpirationTime: (time: string) => Signing
  sign: (key: unknown) => Promise<string>
}

/** What we call of better-auth, and of our own two files about it. */
interface BetterAuth {
  betterAuth: (options: object) => { api: object }
}
interface BetterAuthOptions {
  optionsWith: (secondaryStorage?: object) => object
  issuedBy: (auth: object) => Promise<string>
}

/** A credential of each peer's own kind, in the environment from which the subjects take it. */
export async function issueCredentials(lab: Lab): Promise<Record<string, string>> {
  const { SignJWT, generateKeyPair, exportJWK } = await fromPeers<Jose>("jose")
  const claims = { role: "Editor", teams: ["a", "b"], jti: randomBytes(9).toString("base64url") }
  const signed = (alg: string, kid: string | undefined, key: unknown) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg, ...(kid && { kid }) })
      .setIssuer("https://issuer.example")
      .setAudience("api")
      .setSubject("pipeline_automation@service")
      .setIssuedAt()
      .setExpirationTime("2h")
      .sign(key)
  const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "RS256", use: "sig" }
  return {
    JWT_HS256: await signed("HS256", undefined, new TextEncoder().encode(benchKey)),
    JWT_RS256: await signed("RS256", "k1", privateKey),
    JWK: JSON.stringify(jwk),
    API_KEY: await issueApiKey(lab),
  }
}

/** A key of better-auth's on the table, where its subject finds it. */
async function issueApiKey(lab: Lab): Promise<string> {
  const { betterAuth } = await fromPeers<BetterAuth>("better-auth")
  const { optionsWith, issuedBy } = await subject<BetterAuthOptions>("better-auth-options")
  const kept = new Map<string, string>()
  const storage = {
    get: async (key: string) => kept.get(key) ?? null,
    set: async (key: string, value: string) => {
      kept.set(key, value)
      await lab.kv.set(key, value)
    },
    delete: async (key: string) => void kept.delete(key),
  }
  return issuedBy(betterAuth(optionsWith(storage)))
}
