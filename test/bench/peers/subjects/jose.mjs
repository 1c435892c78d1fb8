import { jwtVerify } from "jose"
import { policy } from "./job.mjs"

/** jose, HS256, the key at hand: no I/O at all, and so no revocation. */
const key = new TextEncoder().encode(process.env.BENCH_KEY)

export async function handler(event) {
  const { payload } = await jwtVerify(process.env.JWT_HS256, key, { issuer: "https://issuer.example", audience: "api" })
  return policy("Allow", event, payload.sub, {})
}
