import { randomUUID } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { vi } from "vitest"
import { cognitoPool } from "../functions/user-pool.ts"
import type { UserPool } from "../shared/store/pool-user.ts"

/** Of one pool whose users sign in by email, as Cognito's API reference has it: a username is a `sub`, for ever. */
export interface FakeUser {
  username: string
  email: string
  verified: boolean
  enabled: boolean
  status: "FORCE_CHANGE_PASSWORD" | "CONFIRMED"
  signedIn: boolean
}

type Input = { Username?: string; UserAttributes?: { Name: string; Value: string }[]; PaginationToken?: string }

class Refused extends Error {}

export class FakeCognito {
  users: FakeUser[] = []
  mails: { to: string; password: string }[] = []
  /** What was asked, in order: `AdminGetUser ana@example.com`. */
  calls: string[] = []
  /** Called before an operation is done, and after: what it throws is answered, 400 for a Refused, 500 for anything else. */
  before: (operation: string) => void = () => {}
  after: (operation: string) => void = () => {}

  readonly refused = (name: string) => new Refused(name)

  user(name: string): FakeUser {
    const found = this.users.find(({ username, email }) => username === name || email === name)
    if (!found) throw new Refused("UserNotFoundException")
    return found
  }

  /** What somebody does with the mailed password, in a browser. */
  signIn(email: string): FakeUser {
    return Object.assign(this.user(email), { status: "CONFIRMED" as const, signedIn: true })
  }

  /** All that matters of it, to compare. */
  snapshot(): Record<string, string> {
    const named = this.users.map(({ email, username, enabled, status }) => [
      email.replace(username, "<username>"),
      `${enabled ? "enabled" : "disabled"} ${status}`,
    ])
    return Object.fromEntries(named)
  }

  private answer(operation: string, input: Input): object {
    const name = input.Username ?? ""
    const attributes = Object.fromEntries((input.UserAttributes ?? []).map(({ Name, Value }) => [Name, Value]))
    const shown = ({ username, email, enabled, status }: FakeUser) => {
      const list = [
        { Name: "sub", Value: username },
        { Name: "email", Value: email },
      ]
      return { Username: username, Attributes: list, UserAttributes: list, Enabled: enabled, UserStatus: status }
    }
    switch (operation) {
      case "AdminGetUser":
        return shown(this.user(name))
      case "AdminCreateUser": {
        if (!name.includes("@")) throw new Refused("InvalidParameterException")
        if (this.users.some(({ email }) => email === name)) throw new Refused("UsernameExistsException")
        const verified = attributes.email_verified === "true"
        const rest = { verified, enabled: true, status: "FORCE_CHANGE_PASSWORD" as const, signedIn: false }
        const made = { username: randomUUID(), email: name, ...rest }
        this.users.push(made)
        // It is there by now, whatever becomes of the mail.
        this.before("mail")
        this.mails.push({ to: name, password: `Temporary-${randomUUID()}` })
        return { User: shown(made) }
      }
      case "AdminUpdateUserAttributes": {
        const user = this.user(name)
        const email = attributes.email ?? user.email
        if (this.users.some((one) => one !== user && one.email === email)) throw new Refused("AliasExistsException")
        Object.assign(user, { email, verified: attributes.email_verified === "true" })
        return {}
      }
      case "AdminEnableUser":
        this.user(name).enabled = true
        return {}
      case "AdminDisableUser":
        this.user(name).enabled = false
        return {}
      case "AdminUserGlobalSignOut":
        this.user(name).signedIn = false
        return {}
      case "ListUsers": {
        const from = Number(input.PaginationToken ?? 0)
        const more = from + 60 < this.users.length
        const page = this.users.slice(from, from + 60).map(shown)
        return { Users: page, ...(more && { PaginationToken: String(from + 60) }) }
      }
      default:
        throw new Error(`the pool is never asked for ${operation}`)
    }
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? ""
    const body = await request.toArray()
    const input: Input = JSON.parse(Buffer.concat(body).toString())
    this.calls.push([operation, input.Username].filter(Boolean).join(" "))
    const send = (status: number, value: object) =>
      response.writeHead(status, { "Content-Type": "application/x-amz-json-1.1" }).end(JSON.stringify(value))
    try {
      this.before(operation)
      const answer = this.answer(operation, input)
      this.after(operation)
      send(200, answer)
    } catch (error) {
      const { message } = error as Error
      send(error instanceof Refused ? 400 : 500, { __type: message, message: `about ${input.Username}` })
    }
  }
}

/** The product's own client of Cognito, before a Cognito in this process. */
export async function startFakeCognito(): Promise<{ cognito: FakeCognito; pool: UserPool; stop: () => void }> {
  const cognito = new FakeCognito()
  const server = createServer((request, response) => void cognito.handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  vi.stubEnv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", `http://127.0.0.1:${port}`)
  for (const name of ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, "us-east-1")
  const ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
  const stop = () => {
    server.closeAllConnections()
    server.close()
    vi.unstubAllEnvs()
  }
  return { cognito, pool: cognitoPool({ USER_POOL_ID: "us-east-1_pool", ISSUER }), stop }
}
