import { JwtVerifier } from "aws-jwt-verify"
import { policy } from "./job.mjs"

/** aws-jwt-verify, RS256, its JWKS cached beforehand: no I/O at all, and so no revocation. */
const verifier = JwtVerifier.create({
  issuer: "https://issuer.example",
  audience: "api",
  jwksUri: "https://issuer.example/jwks",
})
verifier.cacheJwks({ keys: [JSON.parse(process.env.JWK)] })

export async function handler(event) {
  const { sub } = await verifier.verify(process.env.JWT_RS256)
  return policy("Allow", event, sub, {})
}
