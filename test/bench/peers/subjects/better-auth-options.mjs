import { apiKey } from "@better-auth/api-key"
import { memoryAdapter } from "@better-auth/memory-adapter"

/**
 * better-auth with its api-key plugin, the keys in secondary storage, which its documentation recommends for fast lookups. Its rate
 * limit, telemetry and log are off, which spares it work.
 */
export const optionsWith = (secondaryStorage) => ({
  secret: "a-secret-that-is-long-enough-0123456789",
  baseURL: "http://localhost:3000",
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
  logger: { disabled: true },
  database: memoryAdapter({ user: [], session: [], account: [], verification: [], apikey: [] }),
  ...(secondaryStorage && { secondaryStorage }),
  plugins: [apiKey({ rateLimit: { enabled: false }, ...(secondaryStorage && { storage: "secondary-storage" }) })],
})

/** A user with a key that lives a year; answers the key. */
export async function issuedBy(auth) {
  const { user } = await auth.api.signUpEmail({ body: { email: "a@example.com", password: "password1234", name: "a" } })
  const year = 60 * 60 * 24 * 365
  const body = { userId: user.id, name: "ci", expiresIn: year, permissions: { things: ["read"] } }
  const { key } = await auth.api.createApiKey({ body })
  return key
}
