import { toContext } from "../../shared/contract/caller.ts"
import { type Endpoint, type EndpointKey, endpointRows } from "../../shared/contract/endpoints.ts"
import { createDatastore } from "../../shared/store/datastores.ts"
import { createToken } from "../../shared/store/tokens.ts"
import { createUser } from "../../shared/store/users.ts"
import { anAdmin } from "../builders.ts"
import type { Lab } from "./lab.ts"

/** What processes/endpoint-event.cjs makes the event of. */
export interface EndpointRequest {
  route: string
  parameters: Record<string, string>
  query: Record<string, string>
  body?: object
  caller: Record<string, string>
  /** Of a good answer; 0: any below 500. */
  status: number
}

/**
 * A request to each endpoint, by an administrator. Those that read, and the two that create accounts and tokens, do their whole job;
 * the others are refused for what they lack, after all that an endpoint does before it asks the table: of these INIT is what counts.
 */
export async function endpointRequests(lab: Lab): Promise<ReadonlyMap<EndpointKey, EndpointRequest>> {
  const seeded = await seed(lab)
  const bodies: Partial<Record<EndpointKey, object>> = {
    "users/create": { name: "bench $unique", role: "Editor" },
    "user-tokens/create": { name: "bench $unique", type: "Service", user_id: seeded.userId, expiration: "90d" },
  }
  const queries: Partial<Record<EndpointKey, Record<string, string>>> = {
    "settings/impact": { max_expiry_days: "30" },
    // Its first page looks through days until it is full, and there are no events here but today's.
    "audit-events/list": { limit: "1" },
  }
  return new Map(
    endpointRows.map(([key, row]) => {
      const body = bodies[key]
      const isWhole = body !== undefined || row.route.startsWith("GET ")
      return [
        key,
        {
          route: row.route,
          parameters: parametersOf(row, isWhole ? seeded : nothing),
          query: queries[key] ?? {},
          ...(body && { body }),
          caller: seeded.caller,
          status: isWhole ? row.success : 0,
        },
      ]
    }),
  )
}

/** The request of GET /users/{id}, which the usual stack answers too. */
export const shownUser: EndpointKey = "users/get"

interface Ids {
  account: number
  token: number
  datastore: number
}

/** Nobody has these: a request that isn't to succeed must not end what another one shows. */
const nothing: Ids = { account: 1, token: 1, datastore: 1 }

interface Seeded extends Ids {
  userId: string
  caller: Record<string, string>
}

/** The caller's account and token, and a datastore; for the usual stack the account's row under a key of its own. */
async function seed(lab: Lab): Promise<Seeded> {
  const admin = anAdmin()
  // A scenario that is run once more seeds once more.
  lab.runtime.clock.advance(1)
  const name = `Catalog Sync ${lab.runtime.now()}`
  const { user } = await createUser(lab.runtime, admin, { user_type: "Service", name, role: "Admin", teams: [] })
  const token = await createToken(lab.runtime, admin, "all", {
    name: "production",
    type: "Service",
    user_id: user.user_id,
    expiration: "1y",
    allowed_cidrs: [],
  })
  const datastore = await createDatastore(lab.runtime, admin, {
    name: `warehouse ${lab.runtime.now()}`,
    team: "Public",
  })
  const { user_id: userId, id } = user
  const account = { userId, userType: "Service" as const, role: "Admin" as const, teams: [] }
  await lab.table.put({ PK: `USER#${id}`, SK: "USER", id, ...account, name, state: "ACTIVE", createdAt: Date.now() })
  const context = toContext({ id, ...account }, { id: token.id }, admin.handle, admin.clientAddress)
  // API Gateway hands on all of it as strings.
  const told = Object.entries(context).filter(([, value]) => value !== undefined)
  const caller = Object.fromEntries(told.map(([key, value]) => [key, String(value)]))
  return { account: id, token: token.id, datastore: datastore.id, userId, caller }
}

function parametersOf({ route }: Endpoint, { account, token, datastore }: Ids): Record<string, string> {
  const ids: Record<string, number> = { users: account, "user-tokens": token, datastores: datastore }
  const noun = route.split("/")[1] ?? ""
  return {
    ...(route.includes("{id}") && { id: String(ids[noun]) }),
    ...(route.includes("{key}") && { key: "no_such_team" }),
    ...(route.includes("{slug}") && { slug: "not-found" }),
  }
}
