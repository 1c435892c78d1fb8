import argon2 from "argon2"
import { JwtVerifier } from "aws-jwt-verify"
import bcryptjs from "bcryptjs"
import { betterAuth } from "better-auth"
import { createVerifier } from "fast-jwt"
import { jwtVerify } from "jose"
import passport from "passport"
import { Strategy as BearerStrategy } from "passport-http-bearer"
import { issuedBy, optionsWith } from "./better-auth-options.mjs"
import { digestOf } from "./job.mjs"

/** Each library's own verification of one good credential, as its documentation calls it, by name. Those with a store have it in memory. */
export async function verifiers({ bearerToken, JWT_HS256, JWT_RS256, JWK, BENCH_KEY }) {
  const expected = { issuer: "https://issuer.example", audience: "api" }
  const key = new TextEncoder().encode(BENCH_KEY)

  const auth = betterAuth(optionsWith())
  const apiKey = await issuedBy(auth)
  const inMemory = new Map()
  const storage = {
    get: async (name) => inMemory.get(name) ?? null,
    set: async (name, value) => void inMemory.set(name, value),
    delete: async (name) => void inMemory.delete(name),
  }
  const withStorage = betterAuth(optionsWith(storage))
  const storedKey = await issuedBy(withStorage)

  const jwks = JwtVerifier.create({ ...expected, jwksUri: "https://issuer.example/jwks" })
  jwks.cacheJwks({ keys: [JSON.parse(JWK)] })
  const fastJwt = createVerifier({ key: BENCH_KEY, cache: false, allowedIss: expected.issuer, allowedAud: "api" })

  // The strategy leaves the lookup to its user: the same HMAC as ours, and a map.
  const users = new Map([[digestOf(bearerToken).toString("base64url"), { id: 1 }]])
  const strategies = new passport.Passport()
  strategies.use(
    new BearerStrategy((token, done) => done(null, users.get(digestOf(token).toString("base64url")) ?? false)),
  )
  const middleware = strategies.authenticate("bearer", { session: false })
  const viaPassport = () =>
    new Promise((resolve, reject) => {
      const request = { headers: { authorization: `Bearer ${bearerToken}` }, method: "GET", url: "/" }
      const response = { setHeader: () => {}, end: () => reject(new Error("refused")) }
      middleware(request, response, (error) => (error ? reject(error) : resolve(request.user)))
    })

  const secret = "a".repeat(43)
  const bcrypted = await bcryptjs.hash(secret, 10)
  const argoned = await argon2.hash(secret)
  const valid = ({ valid }) => {
    if (!valid) throw new Error("refused")
  }
  return {
    "better-auth api-key, in memory": async () => valid(await auth.api.verifyApiKey({ body: { key: apiKey } })),
    "better-auth api-key, secondary storage in memory": async () =>
      valid(await withStorage.api.verifyApiKey({ body: { key: storedKey } })),
    "jose, HS256": () => jwtVerify(JWT_HS256, key, expected),
    "aws-jwt-verify, RS256": () => jwks.verify(JWT_RS256),
    "fast-jwt, HS256, no cache": () => fastJwt(JWT_HS256),
    "passport-http-bearer, with our HMAC": viaPassport,
    "bcryptjs, cost 10": () => bcryptjs.compare(secret, bcrypted),
    "argon2, argon2id by default": () => argon2.verify(argoned, secret),
  }
}
