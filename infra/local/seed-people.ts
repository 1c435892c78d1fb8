import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { ApiProblem, type Client } from "../../shared/contract/client.ts"
import type { User } from "../../shared/contract/objects.ts"
import { people } from "./people.ts"

interface Options {
  /** As an administrator. One that is none any more changes nobody. */
  api: Client
  /** Who signs them in from now on. */
  issuer: string
  /** Remembers whom they were signed in by. */
  file: string
}

/**
 * Makes the people whom the local issuer signs in humans of the stage, through its API. Who is there stays as somebody has made them.
 * But an issuer is known by its URL, and people are bound to it: with another one than the last they are unbound, to sign in anew.
 */
export async function seedPeople({ api, issuer, file }: Options): Promise<void> {
  const { permissions } = await api["users/me"]({})
  if (!permissions.includes("users:write")) return
  const isSame = existsSync(file) && readFileSync(file, "utf8") === issuer
  const humans = new Map<string, User>()
  for await (const human of api.all("users/list", { query: { user_type: "User" } }))
    for (const name of [human.email, human.user_id]) humans.set(name, human)
  for (const { email, name, role } of people) {
    const human = humans.get(email)
    if (!human) await create(api, { user_type: "User", email, name, role })
    else if (human.bound && !isSame) await api["users/update"]({ id: human.id, body: { unbind: true } })
  }
  writeFileSync(file, issuer)
}

/** Somebody who was deleted stays so: a user_id that was ever used stays taken. */
async function create(api: Client, body: Parameters<Client["users/create"]>[0]["body"]): Promise<void> {
  try {
    await api["users/create"]({ body })
  } catch (error) {
    if (!(error instanceof ApiProblem && error.status === 409)) throw error
  }
}
