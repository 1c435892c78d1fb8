import { signInAt } from "./sign-in-at.ts"

/** `npm run example:sign-in`: a human of each role signs in at the running `npm start`, looks at themselves, and signs out. */
const api = process.env.SYMBOLON_URL ?? "http://127.0.0.1:3000/api"
/** Of `npm start`: at the port after the API's. */
const issuer = process.env.SYMBOLON_ISSUER ?? `http://127.0.0.1:${Number(new URL(api).port) + 1}`
/** Nobody listens there: this walk reads the issuer's answer from its redirect. */
const redirectUri = "http://127.0.0.1:53682/callback"
const roles = ["Admin", "Manager", "Editor", "Member"]

try {
  for (const role of roles) await walk(role)
} catch (error) {
  const { message, cause } = error as Error
  const isUnreachable = message === "fetch failed"
  console.error(`sign-in: ${isUnreachable ? `${(cause as Error).message}: is npm start running?` : message}`)
  process.exit(1)
}

async function walk(role: string): Promise<void> {
  const email = `${role.toLowerCase()}@example.com`
  const idToken = await signInAt(issuer, "console", redirectUri, email)

  // Once: a repeat of the same ID token is refused.
  const session = await call("POST", "/sign-in", 201, { body: JSON.stringify({ id_token: idToken }) })
  const token = session.bearer_token as string
  const me = await call("GET", "/users/me", 200, { token })
  if (me.role !== role) throw new Error(`${email} is ${me.role}, not ${role}`)

  await call("DELETE", "/sign-in", 204, { token })
  const refusal = await call("GET", "/users/me", 401, { token })
  if (refusal.type !== "/api/problems/token-revoked")
    throw new Error(`a session that is over is refused as ${refusal.type}`)
  const may = (me.permissions as string[]).join(", ")
  console.log(
    `${email} signed in until ${session.expiration} (${role}: ${may}), signed out, and is refused: ${refusal.title}`,
  )
}

/** A call of the API. Throws when its status is another than it should be. */
async function call(
  method: string,
  path: string,
  expected: number,
  { token, body }: { token?: string; body?: string },
) {
  const response = await fetch(api + path, {
    method,
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "Content-Type": "application/json" }),
    },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  const reply = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>
  if (response.status !== expected)
    throw new Error(`${method} ${path} answers ${response.status} (${reply.title}), not ${expected}`)
  return reply
}
