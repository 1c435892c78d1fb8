import { randomBytes } from "node:crypto"
import { createClient } from "../../shared/contract/client.ts"
import { createTable } from "../../shared/store/dynamodb.ts"
import { parseKeyring } from "../../shared/token/keyring.ts"
import { fakeRuntime, frozenClock } from "../fakes.ts"
import type { RunningStack } from "../local-stack.ts"
import { rows, testClient } from "../tables.ts"
import { awsAt } from "./aws.ts"
import { fillingIn } from "./filling-in.ts"

/** A stage that is deployed already. */
export interface Deployed {
  url: string
  /** An administrator's. */
  token: string
  /** Of the emulator, which lets the tests see inside. Absent: a real account, of which they see the API and no more. */
  inside?: Inside
}

/** A stage on the emulator, and the folder and the environment in which commands reach it. */
export interface Inside {
  endpoint: string
  stageName: string
  environment: Record<string, string>
  directory: string
}

/** The deployed stage, as a test sees a stack of its own; `stop` deletes what the test created in a real one. */
export async function openDeployedStack({ url, token: adminToken, inside }: Deployed): Promise<RunningStack> {
  const created: string[] = []
  const recording: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const response = await fetch(request)
    if (request.method === "POST" && response.status === 201) created.push(pathOf(response))
    return response
  }
  const send = inside ? fillingIn(inside) : recording
  const as = (bearerToken: string) => createClient(url, () => bearerToken, send)
  const outside = (): never => {
    throw new Error("only where the tests can see inside a stage: mark this one insideTest")
  }
  return {
    url,
    emulated: inside !== undefined,
    adminToken,
    directory: "",
    admin: as(adminToken),
    as,
    send: (path, { token = adminToken, headers, ...init } = {}) =>
      send(url + path, {
        ...init,
        headers: {
          ...(token !== "" && { Authorization: `Bearer ${token}` }),
          ...(init.body !== undefined && { "Content-Type": "application/json" }),
          ...(headers as Record<string, string>),
        },
      }),
    ...(inside
      ? await insideOf(inside)
      : { runJob: outside, rows: { put: outside, dump: outside }, runtimeAt: outside, logs: outside }),
    stop: async () => {
      if (!inside) await deleteAll(created, as(adminToken))
    },
  }
}

async function insideOf({ endpoint, stageName }: Inside) {
  const aws = awsAt(endpoint)
  const client = testClient(endpoint)
  const tableName = `symbolon-${stageName}`
  const keyring = parseKeyring(await aws.secret(`symbolon-${stageName}-keyring`))
  return {
    runJob: (key: string, event: object) => aws.invoke(`symbolon-${stageName}-jobs-${key}`, event),
    rows: rows(client, tableName),
    runtimeAt: (instant: number) => ({
      ...fakeRuntime(createTable(client, tableName), frozenClock(instant)),
      randomBytes,
      keyring: async () => keyring,
    }),
    logs: () => aws.lines(`/symbolon/${stageName}/`),
  }
}

/** `/users/1` or `/teams/x`; empty for what goes with these, or has no deletion. */
const pathOf = (response: Response): string =>
  /\/(?:users\/\d+|teams\/\w+)$/.exec(response.headers.get("location") ?? "")?.[0] ?? ""

/** Accounts first: a team in use stays. */
async function deleteAll(created: readonly string[], admin: RunningStack["admin"]): Promise<void> {
  const named = (kind: string) => created.filter((path) => path.startsWith(kind)).map((path) => path.slice(kind.length))
  for (const id of named("/users/").map(Number)) {
    // What a test deleted already is what is wanted.
    await admin["users/update"]({ id, body: { active: false, reason: "made by a test" } }).catch(() => {})
    await admin["users/delete"]({ id }).catch(() => {})
  }
  for (const key of named("/teams/")) await admin["teams/delete"]({ key }).catch(() => {})
}
