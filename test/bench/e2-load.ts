import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { rounded } from "./measure.ts"
import { fromPeers } from "./peers.ts"
import type { Row, Scenario } from "./scenario.ts"

/** What we call of autocannon. */
type Autocannon = (options: object) => Promise<Result>
interface Result {
  requests: { total: number; average: number }
  latency: { p50: number; p99: number }
  /** Of connections: refused, broken, timed out. */
  errors: number
  statusCodeStats: Record<string, { count: number }>
}

interface Request {
  method: "GET" | "POST"
  path: string
  setupRequest?: (request: Sent, context: Context) => Sent
  onResponse?: (status: number, body: string, context: Context) => void
}
type Sent = Record<string, unknown>
/** Of one connection's way through a load's requests. */
interface Context {
  userId?: string
}

interface Load {
  name: string
  requests: Request[]
  /** Of every answer. */
  statuses: readonly number[]
  /** Absent: the one that is good. */
  token?: "revoked"
}

interface Api {
  url: string
  token: string
  revoked: string
  stop: () => Promise<void>
}

const connections = 10

const get = (path: string): Load => ({ name: `GET ${path}`, requests: [{ method: "GET", path }], statuses: [200] })

/** An account, a token for it, and both shown in lists: each connection goes through these over and over. */
const readsAndWrites: Load = {
  name: "POST /users, POST /user-tokens for it, GET /users?limit=50, GET /user-tokens/service",
  requests: [
    {
      method: "POST",
      path: "/users",
      setupRequest: (request) => ({
        ...request,
        body: JSON.stringify({ name: `Load ${randomUUID()}`, role: "Editor" }),
      }),
      onResponse: (_, body, context) => {
        context.userId = JSON.parse(body).user_id
      },
    },
    {
      method: "POST",
      path: "/user-tokens",
      setupRequest: (request, { userId: user_id }) => ({
        ...request,
        body: JSON.stringify({ name: "production", type: "Service", user_id, expiration: "90d" }),
      }),
    },
    { method: "GET", path: "/users?limit=50" },
    { method: "GET", path: "/user-tokens/service" },
  ],
  statuses: [200, 201],
}

/** Refused after all that the authorizer does: its row must be read to know that it is revoked. */
const refused: Load = {
  ...get("/users/me"),
  name: "GET /users/me, with a revoked token",
  statuses: [401],
  token: "revoked",
}

export const load: Scenario = {
  id: "E2",
  title: "the whole API under load, on this machine",
  about:
    `The stage \`local\`, served as \`npm start\` does: gateway, authorizer and endpoints, each in one worker, over a table on the disk, with all that listens to its stream. autocannon asks from a process of its own, over ${connections} connections. ` +
    "One environment of each Lambda answers all of them here, where AWS would start one for each: the rate says what this machine can do, and the counts that nothing breaks. Milliseconds.",
  run: async ({ rounds }) => {
    const seconds = rounds(10)
    const api = await startApi()
    try {
      const loads = [get("/users/me"), get("/users?limit=50"), get("/user-tokens/service"), readsAndWrites, refused]
      const results: { row: Row; errors: number; unexpected: number }[] = []
      for (const one of loads) {
        // Starts the workers, and lets their code be compiled.
        await under(api, one, 1)
        results.push(told(one, await under(api, one, seconds)))
        process.stderr.write(".")
      }
      process.stderr.write("\n")
      const sum = (key: "errors" | "unexpected") => results.reduce((all, result) => all + result[key], 0)
      return {
        tables: [{ caption: `${seconds} seconds of each:`, rows: results.map(({ row }) => row) }],
        figures: [
          { what: "errors of connections, and timeouts", value: sum("errors"), gate: 0 },
          { what: "answers with another status than expected", value: sum("unexpected"), gate: 0 },
        ],
      }
    } finally {
      await api.stop()
    }
  },
}

async function under(api: Api, { requests, token }: Load, duration: number): Promise<Result> {
  const autocannon = await fromPeers<{ default: Autocannon }>("autocannon")
  const { pathname: base } = new URL(api.url)
  return autocannon.default({
    url: api.url,
    connections,
    duration,
    headers: { Authorization: `Bearer ${api[token ?? "token"]}`, "Content-Type": "application/json" },
    requests: requests.map((request) => ({ ...request, path: base + request.path })),
  })
}

function told({ name, statuses }: Load, { requests, latency, errors, statusCodeStats }: Result) {
  const counts = Object.entries(statusCodeStats)
  const unexpected = counts.reduce(
    (sum, [status, { count }]) => sum + (statuses.includes(Number(status)) ? 0 : count),
    0,
  )
  const answers = counts.map(([status, { count }]) => `${count.toLocaleString("en-US")} × ${status}`).join(", ")
  const row = {
    ...{ load: name, "requests/s": rounded(requests.average), p50: latency.p50, p99: latency.p99, answers },
    ...{ unexpected, errors },
  }
  return { row, errors, unexpected }
}

async function startApi(): Promise<Api> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "local-api.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  // Nobody reads what it doesn't tell: it ends when its input does, also with this process.
  const exited = once(child, "exit")
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), exited])
  if (typeof line !== "string") throw new Error("the local API did not start")
  return {
    ...(JSON.parse(line) as Omit<Api, "stop">),
    stop: async () => {
      child.stdin.end()
      await exited
    },
  }
}
